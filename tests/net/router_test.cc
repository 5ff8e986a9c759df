// SPDX-License-Identifier: BSD-2-Clause
//
// Networks that a router joins. Each port has a namespace's real network stack behind it, and no
// other network may see their traffic.
#include <linux/if_ether.h>

#include "nat_lab.h"

namespace xvnet::test {
namespace {

// A namespace behind a port, with a default route to its network's gateway.
struct RoutedGuest {
  RoutedGuest(const NetNs& host, const std::string& port, const std::string& address,
              const std::string& gateway)
      : ip(address) {
    add_veth(host, port, ns, "eth0");
    prepare_far_end(ns, "eth0");
    add_address(ns, "eth0", ip + "/24");
    set_up(ns, "eth0");
    ns.must({"ip", "route", "add", "default", "via", gateway});
  }

  NetNs ns;
  std::string ip;
};

// No ping may be seen at other places. A namespace's own ARP and IPv6 neighbour discovery may.
bool is_ipv4(const Bytes& frame) { return get_be16(frame, 12) == ETH_P_IP; }

class Router : public NatLab {
 protected:
  void add_routed(const std::string& name, int third, const std::string& router,
                  const Words& more = {}) {
    const std::string prefix = "10.0." + std::to_string(third);
    Words words = {"network",   "add",         name,       "--subnet", prefix + ".0/24",
                   "--gateway", prefix + ".1", "--router", router};
    words.insert(words.end(), more.begin(), more.end());
    lab.host.must(words);
  }
  std::unique_ptr<RoutedGuest> add_station(const std::string& port, const std::string& network,
                                           int third, int fourth = 2) {
    const std::string prefix = "10.0." + std::to_string(third) + ".";
    const std::string ip = prefix + std::to_string(fourth);
    auto station = std::make_unique<RoutedGuest>(lab.ns(), port, ip, prefix + "1");
    lab.host.attach(port, with_mode({"--network", network, "--ip", ip}));
    await_ready(station->ns, "eth0");
    return station;
  }
  // The first ping is lost when the receiver's MAC must be resolved first.
  static bool reaches(const RoutedGuest& from, const std::string& ip) {
    return eventually([&] { return from.ns.run({"ping", "-n", "-c", "1", "-W", "1", ip}).ok(); });
  }
};
XVNET_IN_BOTH_MODES(Router);

TEST_P(Router, JoinsTheNetworksOfATenant) {
  add_routed("web", 1, "r1");
  add_routed("db", 2, "r1");
  const auto web = add_station("c1", "web", 1);
  const auto db = add_station("c2", "db", 2);
  EXPECT_TRUE(reaches(*web, "10.0.2.2"));
  EXPECT_TRUE(reaches(*db, "10.0.1.2"));
  EXPECT_TRUE(reaches(*web, "10.0.2.1"));
  // A fragmented ping.
  const CommandResult large =
      web->ns.run({"ping", "-n", "-c", "1", "-W", "10", "-s", "4000", "10.0.2.2"});
  EXPECT_TRUE(large.ok()) << large.describe();
  const CommandResult trace =
      web->ns.run({"ping", "-n", "-c", "1", "-W", "10", "-t", "1", "10.0.2.2"});
  EXPECT_NE(trace.out.find("From 10.0.1.1 icmp_seq=1 Time to live exceeded"), std::string::npos)
      << trace.describe();
  Transfer transfer(web->ns, db->ns, "10.0.2.2", "10.0.2.2");
  expect_intact(transfer);
}

// Two tenants with the same subnets, and a network without a router.
TEST_P(Router, ReachesNoOtherNetwork) {
  for (const char* tenant : {"red", "blue"}) {
    add_routed(tenant + std::string("-web"), 1, tenant);
    add_routed(tenant + std::string("-db"), 2, tenant);
  }
  lab.host.must({"network", "add", "alone", "--subnet", "10.0.3.0/24", "--gateway", "10.0.3.1"});
  const auto red = add_station("c1", "red-web", 1);
  const auto red_db = add_station("c2", "red-db", 2, 7);
  const auto blue_db = add_station("c3", "blue-db", 2, 8);
  const auto blue_db_twin = add_station("c4", "blue-db", 2, 7);
  const auto alone = add_station("c5", "alone", 3);

  PacketSocket twin(blue_db_twin->ns, "eth0");
  PacketSocket other(blue_db->ns, "eth0");
  PacketSocket wire(internet, "eth0");
  EXPECT_TRUE(reaches(*red, "10.0.2.7"));
  for (const char* ip : {"10.0.2.8", "10.0.3.2", kInternetIp, kHostIp})
    EXPECT_FALSE(red->ns.run({"ping", "-n", "-c", "1", "-W", "1", ip}).ok()) << ip;
  EXPECT_FALSE(alone->ns.run({"ping", "-n", "-c", "1", "-W", "1", "10.0.1.2"}).ok());
  for (PacketSocket* ear : {&twin, &other, &wire})
    while (const auto received = ear->receive())
      EXPECT_FALSE(is_ipv4(received->bytes)) << ear->dev();
}

TEST_P(Router, WorksTogetherWithSnat) {
  add_routed("web", 1, "r1", {"--snat", "auto"});
  add_routed("db", 2, "r1");
  const auto web = add_station("c1", "web", 1);
  const auto db = add_station("c2", "db", 2);
  EXPECT_TRUE(reaches(*db, "10.0.1.2"));
  EXPECT_TRUE(reaches(*web, kInternetIp));
  // The router gives no network access to another network's SNAT.
  const CommandResult refused = db->ns.run({"ping", "-n", "-c", "1", "-W", "10", kInternetIp});
  EXPECT_NE(refused.out.find("From 10.0.2.1 icmp_seq=1 Destination Net Unreachable"),
            std::string::npos)
      << refused.describe();
  // The service sees the client's inside address, because the router does not translate.
  const UdpSocket service(web->ns, "10.0.1.2", kService);
  const UdpSocket client(db->ns, "0.0.0.0", 0);
  client.send("10.0.1.2", kService, "question");
  const auto question = service.receive();
  ASSERT_TRUE(question);
  EXPECT_EQ(question->ip, "10.0.2.2");
}

TEST_P(Router, IsJoinedAndLeftByNetworkSet) {
  add_routed("web", 1, "r1");
  add_routed("db", 2, "r2");
  const auto web = add_station("c1", "web", 1);
  const auto db = add_station("c2", "db", 2);
  EXPECT_FALSE(web->ns.run({"ping", "-n", "-c", "1", "-W", "1", "10.0.2.2"}).ok());
  lab.host.must({"network", "set", "db", "--router", "r1"});
  EXPECT_TRUE(reaches(*web, "10.0.2.2"));
  lab.host.must({"network", "set", "db", "--router", "none"});
  EXPECT_FALSE(web->ns.run({"ping", "-n", "-c", "1", "-W", "1", "10.0.2.2"}).ok());
  EXPECT_FALSE(db->ns.run({"ping", "-n", "-c", "1", "-W", "1", "10.0.1.2"}).ok());
}

TEST_P(Router, OverlappingSubnetsAreRefused) {
  add_routed("web", 1, "r1");
  const CommandResult result = lab.host.xvnet({"network", "add", "db", "--subnet", "10.0.0.0/16",
                                               "--gateway", "10.0.0.1", "--router", "r1"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("its subnet 10.0.0.0/16 overlaps 10.0.1.0/24 of network \"web\""),
            std::string::npos)
      << result.describe();
  lab.host.must({"network", "add", "db", "--subnet", "10.0.0.0/16", "--gateway", "10.0.0.1",
                 "--router", "r2"});
}

}  // namespace
}  // namespace xvnet::test
