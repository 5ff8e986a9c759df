// SPDX-License-Identifier: BSD-2-Clause
//
// SNAT traffic follows the host's neighbours and routes as the kernel's own traffic does
// (nat_lab.h).
#include <utility>

#include "nat_lab.h"

namespace xvnet::test {
namespace {

constexpr const char* kNewMac = "02:00:00:00:ee:99";
constexpr const char* kLinkLocal = "fe80::ee";

class NextHop : public NatLab {
 protected:
  NextHop() {
    // The kernel's default timers take about ten seconds. These settings shorten that to one
    // second.
    for (const char* setting : {"delay_first_probe_time=1", "retrans_time_ms=100"})
      lab.ns().must({"sysctl", "-qw", std::string("net.ipv4.neigh.eth0.") + setting});
    add_network("red");
    red = add_guest("c1", "red");
  }
  std::string neighbour(const std::string& ip) const {
    return lab.ns().must({"ip", "neigh", "show", ip, "dev", "eth0"}).out;
  }
  void set_neighbour(const std::string& mac, const std::string& state) const {
    lab.ns().must(
        {"ip", "neigh", "replace", kInternetIp, "lladdr", mac, "dev", "eth0", "nud", state});
  }

  std::unique_ptr<Guest> red;
};
XVNET_IN_BOTH_MODES(NextHop);

// No traffic of the host uses the neighbour, so only the VM's frames can have it confirmed.
TEST_P(NextHop, AStaleNeighbourIsConfirmed) {
  set_neighbour(mac_of(internet, "eth0"), "stale");
  EXPECT_TRUE(eventually([&] {
    return exchange(*red, kFarIp) && neighbour(kInternetIp).find("REACHABLE") != std::string::npos;
  })) << neighbour(kInternetIp);
}

// The router's NIC was replaced, and no announcement was sent.
TEST_P(NextHop, ChangedNeighbourMacIsResolved) {
  ASSERT_TRUE(exchange(*red, kFarIp));
  set_neighbour(kMacUnknown, "stale");
  const UdpSocket service(internet, kFarIp, kService);
  const UdpSocket client(red->ns, "0.0.0.0", 0);
  EXPECT_TRUE(eventually([&] {
    client.send(kFarIp, kService, "question");
    return service.receive_now().has_value();
  })) << neighbour(kInternetIp);
  EXPECT_NE(neighbour(kInternetIp).find(mac_of(internet, "eth0")), std::string::npos);
}

// RFC 8950, "BGP unnumbered": an IPv4 route with an IPv6 next hop.
TEST_P(NextHop, MayBeAnIpv6Address) {
  for (const NetNs* ns : {&lab.ns(), &std::as_const(internet)})
    ns->must({"sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0"});
  internet.must({"ip", "addr", "add", std::string(kLinkLocal) + "/64", "dev", "eth0", "nodad"});
  lab.ns().must({"ip", "addr", "add", "fe80::1/64", "dev", "eth0", "nodad"});
  lab.ns().must(
      {"ip", "-4", "route", "replace", "default", "via", "inet6", kLinkLocal, "dev", "eth0"});
  lab.ns().must({"ip", "-6", "neigh", "flush", "dev", "eth0"});
  EXPECT_TRUE(exchange(*red, kFarIp)) << "unknown neighbour";
  EXPECT_TRUE(exchange(*red, kFarIp)) << "known neighbour";
  const std::string known = lab.ns().must({"ip", "-6", "neigh", "show", "dev", "eth0"}).out;
  EXPECT_NE(known.find(mac_of(internet, "eth0")), std::string::npos) << known;
  EXPECT_EQ(neighbour("254.128.0.0"), "");
}

TEST_P(NextHop, RouteMtuIsReportedAndLimitsTso) {
  lab.ns().must({"ip", "route", "replace", "default", "via", kInternetIp, "mtu", "lock", "1300"});
  const CommandResult result = ping(*red, {"-M", "do", "-s", "1400", kFarIp});
  EXPECT_NE(result.out.find("mtu = 1300"), std::string::npos) << result.describe();
  red->ns.must({"ip", "route", "flush", "cache"});
  Transfer transfer(red->ns, internet, kFarIp);
  expect_intact(transfer);
  EXPECT_NE(red->ns.must({"ip", "route", "get", kFarIp}).out.find("mtu 1300"), std::string::npos);
}

// The whole machine shares one neighbour table, so one VM must not be able to fill it.
TEST_P(NextHop, ScanCreatesFewNeighbourEntries) {
  lab.ns().must({"ip", "route", "add", "198.18.0.0/16", "dev", "eth0"});
  const UdpSocket client(red->ns, "0.0.0.0", 0);
  for (int host = 1; host <= 2000; ++host)
    client.send("198.18." + std::to_string(host / 250) + "." + std::to_string(1 + host % 250), 9,
                "scan");
  ASSERT_TRUE(exchange(*red, kFarIp)) << "after the scan";
  const std::string asked = lab.ns().must({"ip", "neigh", "show", "dev", "eth0"}).out;
  size_t entries = 0;
  for (size_t at = asked.find("198.18."); at != std::string::npos;
       at = asked.find("198.18.", at + 1))
    ++entries;
  EXPECT_GT(entries, 0u);
  EXPECT_LE(entries, 64u) << "at most 16 new entries every 3 s";
  const CommandResult stats = lab.host.xvnet({"stats"});
  EXPECT_NE(stats.out.find("neighbours_exhausted"), std::string::npos) << stats.describe();
}

}  // namespace
}  // namespace xvnet::test
