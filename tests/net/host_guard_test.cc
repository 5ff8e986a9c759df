// SPDX-License-Identifier: BSD-2-Clause
//
// A VM in a network where the host has an address must not be able to attack the host.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <sstream>

#include "everywhere.h"
#include "lab.h"
#include "maps/learners.h"
#include "nat_lab.h"

namespace xvnet::test {
namespace {

constexpr size_t kEthernet = 14;
constexpr size_t kIpv4 = 20;
constexpr size_t kIpv6 = 40;

void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

Bytes address(int family, const std::string& text) {
  Bytes bytes(family == AF_INET ? 4 : 16);
  inet_pton(family, text.c_str(), bytes.data());
  return bytes;
}

Bytes ethernet(const std::string& from, const std::string& to, uint16_t type) {
  Bytes bytes;
  for (const auto& mac : {parse_mac(to), parse_mac(from)})
    bytes.insert(bytes.end(), mac.begin(), mac.end());
  append_be16(bytes, type);
  return bytes;
}

Bytes ipv4_header(const std::string& from, const std::string& to, size_t payload) {
  Bytes bytes = {0x45, 0, 0, 0, 0, 1, 0, 0, 64, IPPROTO_ICMP, 0, 0};
  put_be16(bytes, 2, static_cast<uint16_t>(kIpv4 + payload));
  append(bytes, address(AF_INET, from));
  append(bytes, address(AF_INET, to));
  finish_checksum(bytes, 0, 10, kIpv4);
  return bytes;
}

// RFC 792: the sender is a gateway. It says that `better` is a better gateway for packets to
// `destination`.
Frame icmp_redirect(const Ends& ends, const std::string& better, const std::string& destination) {
  Frame frame;
  frame.bytes = ethernet(ends.src_mac, ends.dst_mac, 0x0800);
  const Bytes quoted = ipv4_header(ends.dst_ip, destination, 8);
  append(frame.bytes, ipv4_header(ends.src_ip, ends.dst_ip, 8 + quoted.size() + 8));
  append(frame.bytes, {5, 1, 0, 0});
  append(frame.bytes, address(AF_INET, better));
  append(frame.bytes, quoted);
  append(frame.bytes, {0, 0, 0, 0, 0, 1, 0, 1});  // quotes an echo reply, which needs no socket
  finish_checksum(frame.bytes, kEthernet + kIpv4, 2, frame.bytes.size());
  return frame;
}

// RFC 1191: a packet from `from` to `to` was too big for the next link.
Frame too_big(const Ends& ends, const std::string& from, const std::string& to) {
  Frame frame;
  frame.bytes = ethernet(ends.src_mac, ends.dst_mac, 0x0800);
  const Bytes quoted = ipv4_header(from, to, 8);
  append(frame.bytes, ipv4_header(ends.src_ip, ends.dst_ip, 8 + quoted.size() + 8));
  append(frame.bytes, {3, 4, 0, 0, 0, 0, 552 >> 8, 552 & 0xff});
  append(frame.bytes, quoted);
  append(frame.bytes, {0, 0, 0, 0, 0, 1, 0, 1});
  finish_checksum(frame.bytes, kEthernet + kIpv4, 2, frame.bytes.size());
  return frame;
}

// RFC 4861: announces a router for half an hour, and a prefix for address autoconfiguration.
Frame router_advertisement(const std::string& mac) {
  Frame frame;
  frame.bytes = ethernet(mac, "33:33:00:00:00:01", 0x86dd);
  Bytes& bytes = frame.bytes;
  append(bytes, {0x60, 0, 0, 0, 0, 16 + 32, IPPROTO_ICMPV6, 255});
  append(bytes, address(AF_INET6, "fe80::66"));
  append(bytes, address(AF_INET6, "ff02::1"));
  append(bytes, {134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0});
  append(bytes, {3, 4, 64, 0xc0, 0, 0, 0x0e, 0x10, 0, 0, 0x0e, 0x10, 0, 0, 0, 0});
  append(bytes, address(AF_INET6, "2001:db8:66::"));
  put_be16(bytes, kEthernet + kIpv6 + 2, pseudo_header_sum(bytes, parse_layers(bytes)));
  finish_checksum(bytes, kEthernet + kIpv6, 2, bytes.size());
  return frame;
}

class HostGuard : public ::testing::Test {
 protected:
  void add_lab(const Words& addresses) {
    Words words = {"network", "add", "lab"};
    for (const auto& address : addresses) words.insert(words.end(), {"--host-address", address});
    lab.host.must(words);
    lab.host.attach("p1", {"--network", "lab"});
    for (const char* ip : {"10.5.0.2/24", "10.5.0.3/24"}) add_address(guest.ns, "eth0", ip);
    set_up(guest.ns, "eth0");
    await_ready(guest.ns, "eth0");
  }
  bool reaches(const std::string& ip) const {
    return guest.ns.run({"ping", "-n", "-c", "1", "-W", "2", "-I", "eth0", ip}).exit_code == 0;
  }
  // When the host answers, it has processed all frames that were sent before.
  void await_host() const { ASSERT_TRUE(reaches("10.5.0.1")); }
  // /proc/net/netstat has the names in one line and the values in the next.
  std::string filtered_by_path() const {
    std::istringstream lines(ask({"cat", "/proc/net/netstat"}));
    std::string names, values, name, value;
    std::getline(lines, names);
    std::getline(lines, values);
    std::istringstream all_names(names), all_values(values);
    while (all_names >> name && all_values >> value)
      if (name == "IPReversePathFilter") return value;
    throw SetupError("the kernel does not count IPReversePathFilter");
  }
  std::string ask(const Words& words) const { return lab.ns().must(words).out; }

  Lab lab{Ipv6::kNormal};
  Guest guest{lab.ns(), "p1"};
};

TEST_F(HostGuard, RouterAdvertisementIsIgnored) {
  add_lab({"10.5.0.1/24", "2001:db8:5::1/64"});
  PacketSocket vm(guest.ns, "eth0");
  vm.send(router_advertisement(mac_of(guest.ns, "eth0")));
  await_host();
  EXPECT_EQ(ask({"ip", "-6", "route", "show", "default"}), "");
  EXPECT_EQ(ask({"ip", "-6", "address", "show", "dev", "xv-lab"}).find("2001:db8:66"),
            std::string::npos);
}

TEST_F(HostGuard, Ipv6IsOffWithoutAnIpv6Address) {
  add_lab({"10.5.0.1/24"});
  PacketSocket vm(guest.ns, "eth0");
  vm.send(router_advertisement(mac_of(guest.ns, "eth0")));
  await_host();
  EXPECT_EQ(ask({"ip", "-6", "address", "show", "dev", "xv-lab"}), "");
}

// 198.51.100.1 is an address of the host on another link.
TEST_F(HostGuard, ArpIsAnsweredOnlyForItsOwnAddress) {
  add_address(lab.ns(), "lo", "198.51.100.1/32");
  add_lab({"10.5.0.1/24"});
  guest.ns.must({"ip", "route", "add", "198.51.100.0/24", "dev", "eth0", "src", "10.5.0.2"});
  EXPECT_FALSE(reaches("198.51.100.1"));
  await_host();
  const std::string known = guest.ns.must({"ip", "neighbour", "show", "198.51.100.1"}).out;
  EXPECT_EQ(known.find("lladdr"), std::string::npos) << known;
}

// The sender is a gateway that the host uses in this network. If net.ipv4.conf.all.accept_redirects
// is on, which is the default, the kernel ignores the device's own setting.
TEST_F(HostGuard, RedirectChangesNoRoute) {
  add_lab({"10.5.0.1/24"});
  ask({"sysctl", "-qw", "net.ipv4.conf.all.accept_redirects=1"});
  ask({"ip", "route", "add", "192.0.2.0/24", "via", "10.5.0.2", "dev", "xv-lab"});
  lab.ns().run({"ping", "-n", "-c", "1", "-W", "1", "192.0.2.1"});
  // The kernel accepts a redirect only to a known neighbour.
  ask({"ping", "-n", "-c", "1", "10.5.0.3"});
  PacketSocket vm(guest.ns, "eth0");
  Ends ends = Ends::between(mac_of(guest.ns, "eth0"), mac_of(lab.ns(), "xv-lab"));
  ends.src_ip = "10.5.0.2";
  ends.dst_ip = "10.5.0.1";
  vm.send(icmp_redirect(ends, "10.5.0.3", "192.0.2.1"));
  await_host();
  const std::string route = ask({"ip", "route", "get", "192.0.2.1"});
  EXPECT_NE(route.find("via 10.5.0.2"), std::string::npos) << route;
}

// The error would lower the host's path MTU towards a destination that the tenant chooses.
TEST_F(HostGuard, IcmpErrorAboutOtherHostTrafficIsDropped) {
  add_address(lab.ns(), "lo", "198.51.100.1/32");
  add_lab({"10.5.0.1/24"});
  ask({"ip", "route", "add", "192.0.2.0/24", "dev", "lo", "src", "198.51.100.1"});
  PacketSocket vm(guest.ns, "eth0");
  Ends ends = Ends::between(mac_of(guest.ns, "eth0"), mac_of(lab.ns(), "xv-lab"));
  ends.src_ip = "10.5.0.2";
  ends.dst_ip = "10.5.0.1";
  for (const char* sender : {"198.51.100.1", "10.5.0.1"})
    vm.send(too_big(ends, sender, "192.0.2.9"));
  await_host();
  const std::string route = ask({"ip", "route", "get", "192.0.2.9"});
  EXPECT_EQ(route.find("mtu"), std::string::npos) << route;
}

// IPv4 has rp_filter, but IPv6 does not. Without a guard, the host would send its answer over
// another link.
TEST_F(HostGuard, Ipv6SourceOutsideTheNetworkIsDropped) {
  add_lab({"2001:db8:5::1/64"});
  Ends ends = Ends::between(mac_of(guest.ns, "eth0"), mac_of(lab.ns(), "xv-lab"));
  ends.dst_ip6 = "2001:db8:5::1";
  ends.src_ip6 = "2001:db8:6::6";
  PacketSocket vm(guest.ns, "eth0");
  PacketSocket ear(lab.ns(), "xv-lab");
  Everywhere everywhere;
  everywhere.add("host", ear, lab.ns(), "xp-lab");
  const Frame elsewhere = udp6(ends);
  ends.src_ip6 = "2001:db8:5::6";
  const Frame beside = udp6(ends);
  vm.send(elsewhere);
  vm.send(beside);
  EXPECT_TRUE(everywhere.wait_for("host", beside.marker));
  EXPECT_FALSE(everywhere.places(elsewhere.marker).contains("host"));
}

// RFC 3704: the host drops a packet whose source is not reachable through the receiving link. Its
// own ARP requests on this link must have this link's address, and not the one of lo.
TEST_F(HostGuard, Ipv4SourceOutsideTheNetworkIsDropped) {
  add_address(lab.ns(), "lo", "192.0.2.9/32");
  add_lab({"10.5.0.1/24"});
  ask({"ip", "route", "add", "203.0.113.0/24", "dev", "lo"});
  add_address(guest.ns, "eth0", "203.0.113.5/32");
  await_host();  // the ARP request has the right source address
  const std::string before = filtered_by_path();
  EXPECT_NE(
      guest.ns.run({"ping", "-n", "-c", "1", "-W", "1", "-I", "203.0.113.5", "10.5.0.1"}).exit_code,
      0);
  EXPECT_NE(filtered_by_path(), before);
}

// The VM sends to the host's MAC, with addresses of the host on other links and addresses that the
// host would forward to.
TEST_F(HostGuard, OnlyItsOwnAddressIsReachable) {
  add_address(lab.ns(), "lo", "198.51.100.1/32");
  add_address(lab.ns(), "lo", "2001:db8:99::1/128");
  add_lab({"10.5.0.1/24", "2001:db8:5::1/64"});
  guest.ns.must({"sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0"});
  guest.ns.must({"ip", "address", "add", "2001:db8:5::2/64", "dev", "eth0", "nodad"});
  guest.ns.must({"ip", "route", "add", "default", "via", "10.5.0.1"});
  guest.ns.must({"ip", "-6", "route", "add", "default", "via", "2001:db8:5::1"});
  for (const char* ip : {"198.51.100.1", "203.0.113.1", "2001:db8:99::1", "2001:db8:77::1"})
    EXPECT_FALSE(reaches(ip)) << ip;
  EXPECT_TRUE(reaches("10.5.0.1"));
  EXPECT_TRUE(eventually([&] { return reaches("2001:db8:5::1"); }))
      << "after duplicate address detection";
  const std::string stats = lab.host.must({"stats", "p1"}).out;
  EXPECT_NE(stats.find("not_host_address"), std::string::npos) << stats;
}

// If the host's MAC were only learned, a VM could take it by sending from it.
TEST_F(HostGuard, VmCannotTakeTheHostsMac) {
  add_lab({"10.5.0.1/24"});
  await_host();
  const std::string host_mac = mac_of(lab.ns(), "xv-lab");
  const Guest other(lab.ns(), "p2");
  set_up(other.ns, "eth0");
  lab.host.attach("p2", {"--network", "lab"});
  PacketSocket thief(guest.ns, "eth0");
  PacketSocket vm(other.ns, "eth0");
  PacketSocket ear(lab.ns(), "xv-lab");
  Everywhere everywhere;
  everywhere.add("host", ear, lab.ns(), "xp-lab");
  everywhere.add("thief", thief, lab.ns(), "p1");
  thief.send(udp4(Ends::between(host_mac, kBroadcast)));
  Ends ends = Ends::between(mac_of(other.ns, "eth0"), host_mac);
  ends.src_ip = "10.5.0.7";
  ends.dst_ip = "10.5.0.1";
  const Frame frame = udp4(ends);
  vm.send(frame);
  EXPECT_TRUE(everywhere.wait_for("host", frame.marker));
  EXPECT_FALSE(everywhere.places(frame.marker).contains("thief"));
}

// A server on the host must receive broadcasts such as a DHCP request, and multicast groups.
TEST_F(HostGuard, BroadcastAndMulticastReachTheHost) {
  add_lab({"10.5.0.1/24", "2001:db8:5::1/64"});
  PacketSocket vm(guest.ns, "eth0");
  PacketSocket ear(lab.ns(), "xv-lab");
  Everywhere everywhere;
  everywhere.add("host", ear, lab.ns(), "xp-lab");
  const std::string mac = mac_of(guest.ns, "eth0");
  const auto arrives = [&](const Frame& frame) {
    vm.send(frame);
    return everywhere.wait_for("host", frame.marker);
  };
  Ends ends = Ends::between(mac, kBroadcast);
  for (const char* ip : {"255.255.255.255", "10.5.0.255"}) {
    ends.dst_ip = ip;
    EXPECT_TRUE(arrives(udp4(ends))) << ip;
  }
  ends.dst_mac = "01:00:5e:00:00:fb";
  ends.dst_ip = "224.0.0.251";
  EXPECT_TRUE(arrives(udp4(ends)));
  ends.dst_mac = "33:33:00:00:00:01";
  ends.dst_ip6 = "ff02::1";
  ends.src_ip6 = "2001:db8:5::9";
  EXPECT_TRUE(arrives(udp6(ends)));
}

TEST_F(HostGuard, ChangedAddressIsReachable) {
  add_lab({"10.5.0.1/24"});
  await_host();
  lab.host.must({"network", "set", "lab", "--host-address", "10.5.0.9/24"});
  add_address(lab.ns(), "lo", "10.5.0.1/32");
  EXPECT_TRUE(reaches("10.5.0.9"));
  EXPECT_FALSE(reaches("10.5.0.1"));
}

TEST_F(HostGuard, DoctorNamesChangedSettingsAndTheFixRestoresThem) {
  add_lab({"10.5.0.1/24"});
  for (const char* setting :
       {"net.ipv4.conf.xv-lab.arp_ignore=0", "net.ipv4.conf.xv-lab.rp_filter=0",
        "net.ipv6.conf.xv-lab.disable_ipv6=0"}) {
    ask({"sysctl", "-qw", setting});
    const CommandResult found = lab.host.xvnet({"doctor"});
    EXPECT_EQ(found.exit_code, 1) << found.describe();
    const std::string name = std::string(setting).substr(0, std::string(setting).find('='));
    EXPECT_NE(found.out.find(name), std::string::npos) << found.describe();
    lab.host.must({"network", "set", "lab", "--host-address", "10.5.0.1/24"});
    lab.host.must({"doctor"});
  }
}

// The whole machine shares one neighbour table.
TEST_F(HostGuard, ForgedSourcesCreateFewNeighbourEntries) {
  add_lab({"10.5.0.1/16"});
  await_host();
  for (const char* act : {"ip addr add 10.5.1.$last/16 dev eth0",
                          "echo | socat -u - UDP4:10.5.0.1:9,bind=10.5.1.$last"})
    guest.ns.must({"sh", "-c", "for last in $(seq 1 60); do " + std::string(act) + "; done"});
  await_host();
  const std::string known = ask({"ip", "-4", "neigh", "show", "dev", "xv-lab"});
  EXPECT_LE(std::ranges::count(known, '\n'), HOST_SENDERS_OF_PORT) << known;
  const CommandResult stats = lab.host.xvnet({"stats", "p1"});
  EXPECT_NE(stats.out.find("host_senders_exhausted"), std::string::npos) << stats.describe();
}

}  // namespace
}  // namespace xvnet::test
