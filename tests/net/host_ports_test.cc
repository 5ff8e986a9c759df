// SPDX-License-Identifier: BSD-2-Clause
//
// Public ports on the host's own address that the host uses too (docs/decisions/0017). Each answer
// must reach the sender of its request, and no frame for the host may reach a VM.
#include <set>

#include "nat_lab.h"

namespace xvnet::test {
namespace {

constexpr uint16_t kFirstPort = 32704;  // the first of the 64 ports that the network gets
constexpr uint16_t kHostsPort = 32732;

class HostPorts : public NatLab {
 protected:
  HostPorts() : service_(internet, kInternetIp, kService) {}

  void add_vm() {
    add_network("red", {"--snat", "auto", "--snat-ports", "64"});
    red_ = add_guest("c1", "red");
  }
  // Opens `count` sockets of the VM and returns their public ports.
  std::set<uint16_t> use_ports(uint16_t count) {
    std::set<uint16_t> ports;
    for (uint16_t port = 10'000; port < 10'000 + count; ++port) {
      sockets_.push_back(std::make_unique<UdpSocket>(red_->ns, "0.0.0.0", port));
      sockets_.back()->send(kInternetIp, kService, "of the VM");
      if (const auto seen = service_.receive()) ports.insert(seen->port);
    }
    return ports;
  }
  // Sends again from the sockets that use_ports() opened, and returns their public ports.
  std::set<uint16_t> use_again() {
    std::set<uint16_t> ports;
    for (const auto& socket : sockets_) {
      socket->send(kInternetIp, kService, "again");
      std::optional<Datagram> seen;
      do seen = service_.receive();
      while (seen && seen->text != "again");
      if (seen) ports.insert(seen->port);
    }
    return ports;
  }
  // The service answers the request, and the client gets the answer.
  void expect_answered(const UdpSocket& client, uint16_t public_port) {
    client.send(kInternetIp, kService, "question");
    std::optional<Datagram> seen;
    do seen = service_.receive();
    while (seen && seen->text != "question");
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->port, public_port);
    service_.send(seen->ip, seen->port, "answer");
    const auto answer = client.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "answer");
  }
  void expect_vm_got_nothing() const {
    for (const auto& socket : sockets_) EXPECT_FALSE(socket->receive_now());
  }

  UdpSocket service_;
  std::unique_ptr<Guest> red_;
  std::vector<std::unique_ptr<UdpSocket>> sockets_;
};
XVNET_IN_BOTH_MODES(HostPorts);

TEST_P(HostPorts, OfAnExistingSocketAreNotAssignedToVms) {
  const UdpSocket host(lab.ns(), kHostIp, kHostsPort);
  add_vm();
  const auto ports = use_ports(32);
  EXPECT_FALSE(ports.contains(kHostsPort));
  EXPECT_EQ(ports.size(), 32u);
  expect_answered(host, kHostsPort);
  expect_vm_got_nothing();
}

TEST_P(HostPorts, BoundExplicitlyAreTakenFromAVm) {
  add_vm();
  ASSERT_EQ(use_ports(64).size(), 64u);
  const UdpSocket host(lab.ns(), kHostIp, kHostsPort);
  expect_answered(host, kHostsPort);
  expect_vm_got_nothing();
  EXPECT_TRUE(
      eventually([&] { return lab.host.drops("eth0", "to_uplink", "nat_port_claimed") == 1; }));
}

// A container behind a masquerade of the host, as Docker and libvirt have it.
class MasqueradedContainer {
 public:
  explicit MasqueradedContainer(const NetNs& host) {
    add_veth(host, "docker0", ns, "eth0");
    add_address(host, "docker0", "172.17.0.1/24");
    add_address(ns, "eth0", "172.17.0.2/24");
    set_up(host, "docker0");
    set_up(ns, "eth0");
    await_ready(ns, "eth0");
    ns.must({"ip", "route", "add", "default", "via", "172.17.0.1"});
    host.set_sysctl("net.ipv4.ip_forward", "1");
    host.must({"nft",
               "table ip nat { chain post { type nat hook postrouting priority 100; "
               "ip saddr 172.17.0.0/24 oif \"eth0\" masquerade; }; }"});
  }

  NetNs ns;
};

TEST_P(HostPorts, OfAMasqueradedContainerGoToTheContainer) {
  add_vm();
  ASSERT_EQ(use_ports(64).size(), 64u);
  const MasqueradedContainer container(lab.ns());
  for (uint16_t port = kHostsPort; port < kHostsPort + 10; ++port)
    expect_answered(UdpSocket(container.ns, "0.0.0.0", port), port);
  expect_vm_got_nothing();
}

// A rule that names another address, or no port, leads away no port of the network.
TEST_P(HostPorts, OfUnrelatedDnatRulesMayBeAssigned) {
  lab.ns().must({"nft",
                 "table ip nat { chain pre { type nat hook prerouting priority -100; "
                 "ip daddr 203.0.113.99 tcp dport 1024-65535 dnat to 172.17.0.2; "
                 "iifname \"docker0\" meta l4proto tcp redirect to :3128; "
                 "ip daddr " +
                     std::string(kHostIp) + " tcp dport 32760 dnat to 172.17.0.2:80; }; }"});
  add_vm();
  EXPECT_EQ(*use_ports(64).rbegin(), 32759);
}

// Masquerade keeps the port that the container's kernel chose, from 32768-60999 by default.
TEST_P(HostPorts, OfAContainersEphemeralRangeAreNotAssignedToVms) {
  for (const char* network : {"first", "second", "third"})
    add_network(network, {"--snat", "auto", "--snat-ports", "4096"});
  add_vm();
  const auto ports = use_ports(64);
  ASSERT_EQ(ports.size(), 64u);
  const MasqueradedContainer container(lab.ns());
  for (int i = 0; i < 500; ++i) {
    UdpSocket(container.ns, "0.0.0.0", 0).send(kInternetIp, kService, "of the container");
    EXPECT_TRUE(service_.receive());
  }
  EXPECT_EQ(use_again(), ports);
  EXPECT_EQ(lab.host.drops("eth0", "to_uplink", "nat_port_claimed"), 0u);
}

}  // namespace
}  // namespace xvnet::test
