// SPDX-License-Identifier: BSD-2-Clause
//
// Two tenants with the same subnet. Each guest gets its lease by DHCP and reaches the internet
// through SNAT.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "host_server.h"
#include "link.h"
#include "world.h"

namespace xvnet::test {
namespace {

constexpr const char* kLease = "192.168.0.2";
constexpr const char* kGateway = "192.168.0.1";
constexpr const char* kInternet = "198.51.100.254";

// The script that udhcpc runs when it receives options.
constexpr const char* kLeaseScript = R"(cat >/tmp/lease <<'SCRIPT'
#!/bin/sh
case $1 in
bound | renew)
  ip address replace "$ip/$mask" dev "$interface"
  ip route replace default via "$router"
  ;;
esac
SCRIPT
chmod +x /tmp/lease
)";

// A1 and B1 are on one host in different networks. The other host acts as the internet.
class NatNetwork : public GuestTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    World& world = World::get();
    add_address(host(), kTrunk, "198.51.100.1/24");
    add_address(internet(), kTrunk, std::string(kInternet) + "/24");
    Wiring wiring{
        .uplinks = {Words{"--mode", GetParam()}, std::nullopt}, .networks = {}, .ports = {}};
    for (const char* name : {"red", "blue"})
      wiring.networks.push_back(
          {name, "--subnet", "192.168.0.0/24", "--gateway", kGateway, "--dhcp", "--snat", "auto"});
    wiring.ports = {world.a1->port({"--network", "red", "--mode", GetParam()}),
                    world.b1->port({"--network", "blue", "--mode", GetParam()})};
    world.apply(wiring);
    for (const Peer* peer : peers())
      peer->guest.must(std::string(kLeaseScript) + "udhcpc -i eth0 -n -q -s /tmp/lease");
  }

  void TearDown() override {
    GuestTest::TearDown();
    for (const Peer* peer : peers())
      peer->guest.run("ip route del default; ip address del 192.168.0.2/24 dev eth0");
    for (const auto& host : World::get().hosts) host.ns().run({"ip", "address", "flush", kTrunk});
  }

  static std::array<const Peer*, 2> peers() { return {&*World::get().a1, &*World::get().b1}; }
  static const NetNs& host() { return World::get().hosts[0].ns(); }
  static const NetNs& internet() { return World::get().hosts[1].ns(); }
};

TEST_P(NatNetwork, EachGuestGetsTheSameLease) {
  for (const Peer* peer : peers()) {
    const std::string shown = peer->guest.must("ip -o -4 address show dev eth0");
    EXPECT_NE(shown.find(std::string(kLease) + "/24"), std::string::npos) << shown;
    EXPECT_TRUE(pings(peer->guest, kGateway));
  }
}

TEST_P(NatNetwork, EachGuestFetchesAFileFromTheInternet) {
  const HostServer server(internet());
  for (const Peer* peer : peers()) {
    EXPECT_TRUE(pings(peer->guest, kInternet));
    EXPECT_TRUE(fetches_intact(peer->guest, server.file(), kInternet));
  }
}

// A1's web server is reached through a port of the host's own address. B1's is reached through a
// floating address.
TEST_P(NatNetwork, ForwardReachesAGuestsService) {
  constexpr const char* kFloating = "198.51.100.7";
  World& world = World::get();
  const Host& host = world.hosts[0];
  host.must({"forward", "add", "red", "tcp", "198.51.100.1:8080", "192.168.0.2:80"});
  host.must({"forward", "add", "blue", "all", kFloating, kLease});
  const auto fetch = [&](const std::string& from) {
    return shell_on(internet(), "busybox wget -q -O - http://" + from + "/file | busybox md5sum");
  };
  const CommandResult of_red = fetch("198.51.100.1:8080");
  EXPECT_EQ(of_red.out, world.a1->file.md5 + "\n") << of_red.describe();
  const CommandResult of_blue = fetch(kFloating);
  EXPECT_EQ(of_blue.out, world.b1->file.md5 + "\n") << of_blue.describe();
  EXPECT_TRUE(
      fetches_intact(world.b1->guest, {.port = 8080, .md5 = world.a1->file.md5}, "198.51.100.1"));
}

// A guest reaches neither the host nor the other tenant, on any of their addresses.
TEST_P(NatNetwork, GuestReachesNeitherHostNorOtherTenant) {
  for (const Peer* peer : peers()) EXPECT_TRUE(cannot_ping(peer->guest, {"198.51.100.1"}));
  const CommandResult from_outside =
      shell_on(internet(), fmt::format("ip route add 192.168.0.0/24 via 198.51.100.1; "
                                       "busybox ping -c 2 -W 1 {}; status=$?; "
                                       "ip route del 192.168.0.0/24; exit $status",
                                       kLease));
  EXPECT_NE(from_outside.exit_code, 0) << from_outside.describe();
  EXPECT_NE(from_outside.out.find(" 0 packets received"), std::string::npos)
      << from_outside.describe();
}

INSTANTIATE_TEST_SUITE_P(Mode, NatNetwork, ::testing::Values("tc", "xdp"), mode_name);

}  // namespace
}  // namespace xvnet::test
