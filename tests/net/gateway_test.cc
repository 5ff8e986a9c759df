// SPDX-License-Identifier: BSD-2-Clause
//
// A network's gateway answers ARP, and an ARP request for a known address disturbs no other port.
#include <linux/if_ether.h>

#include "lab.h"

namespace xvnet::test {
namespace {

constexpr const char* kGatewayMac = "02:78:76:6e:65:74";

Ends ends_to(const std::string& ip, const std::string& mac = kBroadcast) {
  Ends ends = Ends::between(kMacA, mac);
  ends.src_ip = "10.0.0.2";
  ends.dst_ip = ip;
  return ends;
}

class Gateway : public InMode {
 protected:
  // tap0 to tap2 are in blue. tap3 is in red, which has the same subnet.
  void SetUp() override {
    wire_ = &uplink("eth0");
    lab.listen_to_host();
    add_network("blue", "10");
    add_network("red", "20");
    vm("tap0", {"--network", "blue"});
    vm("tap1", {"--network", "blue", "--mac", kMacB});
    vm("tap2", {"--network", "blue"});
    vm("tap3", {"--network", "red", "--ip", "10.0.0.7"});
  }

  void add_network(const std::string& name, const std::string& vid) {
    lab.host.must({"network", "add", name, "--vlan", vid, "--subnet", "10.0.0.0/24", "--gateway",
                   "10.0.0.1"});
  }
  Places places_of(const Frame& frame, const std::string& from = "tap0") {
    lab.vm(from).send(frame);
    return lab.where(frame);
  }

  PacketSocket* wire_ = nullptr;
};
XVNET_IN_BOTH_MODES(Gateway);

TEST_P(Gateway, AnswersArpOnlyAtTheSender) {
  const Frame frame = arp_request(ends_to("10.0.0.1"));
  EXPECT_EQ(places_of(frame), Places{"tap0"});
  const Bytes reply = lab.at("tap0", frame).bytes;
  EXPECT_EQ(mac_text(reply, ETH_ALEN), kGatewayMac);
  EXPECT_EQ(mac_text(reply, ETH_HLEN + 8), kGatewayMac);
}

TEST_P(Gateway, AnswersArpForANeighbourWithAKnownMac) {
  const Frame frame = arp_request(ends_to("10.0.0.3"));
  EXPECT_EQ(places_of(frame), Places{"tap0"});
  EXPECT_EQ(mac_text(lab.at("tap0", frame).bytes, ETH_HLEN + 8), kMacB);
}

TEST_P(Gateway, ArpRequestForAKnownAddressReachesOnlyItsPort) {
  EXPECT_EQ(places_of(arp_request(ends_to("10.0.0.4"))), Places{"tap2"});
  EXPECT_EQ(places_of(arp_request(ends_to("10.0.0.7"))), (Places{"tap1", "tap2", "wire:eth0"}));
}

TEST_P(Gateway, AnswersAPing) {
  const Frame frame = icmp4_echo(ends_to("10.0.0.1", kGatewayMac));
  EXPECT_EQ(places_of(frame), Places{"tap0"});
  const Bytes reply = lab.at("tap0", frame).bytes;
  EXPECT_EQ(checksum_problems(reply), "");
  EXPECT_EQ(reply[34], 0);
  EXPECT_EQ(lab.host.all_drops("tap0", "from_vm"), 0u);
  EXPECT_EQ(lab.host.packets("tap0", "to_vm"), 1u);
}

TEST_P(Gateway, DropsUnsupportedPackets) {
  const Ends ends = ends_to("192.0.2.1", kGatewayMac);
  uint64_t sent = 0;
  for (const Frame& frame : {tcp4(ends), udp4(ends), leave_partial(tcp4(ends)),
                             tso4(ends, 20000, 1400), icmp6_echo(ends), icmp4_echo(ends)}) {
    EXPECT_EQ(places_of(frame), Places{});
    EXPECT_EQ(lab.host.drops("tap0", "from_vm", "not_routed"), ++sent);
  }
}

TEST_P(Gateway, ForgedGatewaySourceIsDropped) {
  Ends ends = ends_to("10.0.0.3");
  ends.src_ip = "10.0.0.1";
  const Frame frame = arp_request(ends);
  EXPECT_EQ(places_of(frame), Places{});
  EXPECT_EQ(lab.host.drops("tap0", "from_vm", "gateway_spoofed"), 1u);
  const Frame from_wire = tcp4(Ends::between(kGatewayMac, kMacB)).tagged(10);
  wire_->send(from_wire);
  EXPECT_EQ(lab.where(from_wire), Places{});
  EXPECT_EQ(lab.host.drops("eth0", "from_uplink", "gateway_spoofed"), 1u);
}

TEST_P(Gateway, FollowsAChangeOfItsAddress) {
  lab.host.must({"network", "set", "blue", "--gateway", "10.0.0.254"});
  EXPECT_EQ(places_of(arp_request(ends_to("10.0.0.254"))), Places{"tap0"});
  EXPECT_EQ(places_of(arp_request(ends_to("10.0.0.1"))), (Places{"tap1", "tap2", "wire:eth0"}));
}

// A namespace acts as the guest, with the kernel's own ARP and ping.
TEST(GatewayOfAContainer, AnswersPingFromARealStack) {
  Lab lab;
  lab.host.must({"network", "add", "blue", "--subnet", "10.0.0.0/24", "--gateway", "10.0.0.1"});
  const NetNs guest;
  lab.ns().must({"ip", "link", "add", "veth0", "type", "veth", "peer", "name", "eth0", "netns",
                 guest.name()});
  lab.host.attach("veth0", {"--network", "blue"});
  guest.must({"ip", "address", "add", "10.0.0.2/24", "dev", "eth0"});
  guest.must({"ip", "link", "set", "eth0", "up"});
  guest.must({"busybox", "ping", "-c", "2", "-W", "5", "10.0.0.1"});
  guest.must({"busybox", "ping", "-c", "1", "-s", "5000", "-W", "5", "10.0.0.1"});
  EXPECT_NE(guest.must({"ip", "neighbour"}).out.find(kGatewayMac), std::string::npos);
}

}  // namespace
}  // namespace xvnet::test
