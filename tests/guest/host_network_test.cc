// SPDX-License-Identifier: BSD-2-Clause
//
// Networks that include the host: the untagged network on its uplink's LAN, and host-only networks.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "host_server.h"
#include "link.h"
#include "world.h"

namespace xvnet::test {
namespace {

::testing::AssertionResult pings_from(const NetNs& ns, const std::string& address) {
  const CommandResult result = shell_on(
      ns, "for try in 1 2 3; do busybox ping -c 1 -W 2 " + address + " && exit; done; exit 1");
  if (result.ok()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << result.describe();
}

// Fetches the peer's file from a host's namespace.
::testing::AssertionResult fetches_intact_on(const NetNs& ns, const Peer& peer,
                                             const std::string& address) {
  const CommandResult result =
      shell_on(ns, fmt::format("busybox wget -q -O - http://{}:{}/file | busybox md5sum", address,
                               peer.file.port));
  if (result.ok() && result.out == peer.file.md5 + "\n") {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << result.describe();
}

// The guest A1, its host, and the other host's namespace as a machine on the LAN.
class Untagged : public GuestTest, public ::testing::WithParamInterface<const char*> {
 protected:
  static constexpr const char* kHost = "10.0.0.101";
  static constexpr const char* kLan = "10.0.0.102";

  void SetUp() override {
    GuestTest::SetUp();
    World& world = World::get();
    const Words mode = {"--mode", GetParam()};
    world.apply({.uplinks = {mode, std::nullopt},
                 .networks = {},
                 .ports = {world.a1->port({"--untagged", "--mode", GetParam()}),
                           world.b1->port({"--vlan", "20", "--mode", GetParam()})}});
    for (int i = 0; i < 2; ++i) {
      const NetNs& ns = world.hosts[i].ns();
      ns.must(
          {"ip", "address", "replace", fmt::format("{}/24", i == 0 ? kHost : kLan), "dev", kTrunk});
      ns.set_sysctl("net.ipv4.icmp_echo_ignore_broadcasts", "0");
    }
    world.a1->guest.must("sysctl -w net.ipv4.icmp_echo_ignore_broadcasts=0");
  }

  void TearDown() override {
    GuestTest::TearDown();
    for (const auto& host : World::get().hosts) host.ns().run({"ip", "address", "flush", kTrunk});
  }

  static const NetNs& host() { return World::get().hosts[0].ns(); }
  static const NetNs& lan() { return World::get().hosts[1].ns(); }
};

TEST_P(Untagged, GuestHostAndLanPingEachOther) {
  const World& world = World::get();
  EXPECT_TRUE(pings(world.a1->guest, kHost));
  EXPECT_TRUE(pings(world.a1->guest, kLan));
  EXPECT_TRUE(pings_from(host(), world.a1->ip));
  EXPECT_TRUE(pings_from(host(), kLan));
  EXPECT_TRUE(pings_from(lan(), world.a1->ip));
  EXPECT_TRUE(pings_from(lan(), kHost));
}

TEST_P(Untagged, GuestHostAndLanExchangeTcpIntact) {
  const World& world = World::get();
  EXPECT_TRUE(fetches_intact_on(host(), *world.a1, world.a1->ip));
  EXPECT_TRUE(fetches_intact_on(lan(), *world.a1, world.a1->ip));
  const HostServer on_host(host());
  EXPECT_TRUE(fetches_intact(world.a1->guest, on_host.file(), kHost));
  const HostServer on_lan(lan());
  EXPECT_TRUE(fetches_intact(world.a1->guest, on_lan.file(), kLan));
}

TEST_P(Untagged, BroadcastReachesGuestHostAndLan) {
  const World& world = World::get();
  const auto answer = [](const std::string& out, const std::string& from) {
    return out.find("from " + from + ":") != std::string::npos;
  };
  const std::string ping = "ping -c 3 -W 2 10.0.0.255";
  const std::string to_guest = world.a1->guest.run(ping).out;
  EXPECT_TRUE(answer(to_guest, kHost) && answer(to_guest, kLan)) << to_guest;
  const std::string to_lan = shell_on(lan(), "busybox " + ping).out;
  EXPECT_TRUE(answer(to_lan, kHost) && answer(to_lan, world.a1->ip)) << to_lan;
  const std::string to_host = shell_on(host(), "busybox " + ping).out;
  EXPECT_TRUE(answer(to_host, kLan) && answer(to_host, world.a1->ip)) << to_host;
}

TEST_P(Untagged, TaggedTenantReachesNeitherHostNorLan) {
  const World& world = World::get();
  EXPECT_TRUE(cannot_ping(world.b1->guest, {kHost, kLan, world.a1->ip}));
}

INSTANTIATE_TEST_SUITE_P(Mode, Untagged, ::testing::Values("tc", "xdp"), mode_name);

class HostOnly : public GuestTest, public ::testing::WithParamInterface<const char*> {
 protected:
  static constexpr const char* kHost = "10.5.0.1";

  void SetUp() override {
    GuestTest::SetUp();
    World& world = World::get();
    const Words attach = {"--network", "lab", "--mode", GetParam()};
    world.apply({.uplinks = {},
                 .networks = {{"lab", "--host-address", fmt::format("{}/24", kHost)}},
                 .ports = {world.a1->port(attach), world.b1->port(attach)}});
    world.a1->guest.must("ip address replace 10.5.0.11/24 dev eth0");
    world.b1->guest.must("ip address replace 10.5.0.12/24 dev eth0");
  }

  void TearDown() override {
    GuestTest::TearDown();
    const World& world = World::get();
    world.a1->guest.run("ip address del 10.5.0.11/24 dev eth0");
    world.b1->guest.run("ip address del 10.5.0.12/24 dev eth0");
  }
};

TEST_P(HostOnly, GuestsAndHostPingEachOther) {
  const World& world = World::get();
  EXPECT_TRUE(pings(world.a1->guest, kHost));
  EXPECT_TRUE(pings(world.a1->guest, "10.5.0.12"));
  EXPECT_TRUE(pings_from(world.hosts[0].ns(), "10.5.0.11"));
}

TEST_P(HostOnly, GuestAndHostExchangeTcpIntact) {
  const World& world = World::get();
  EXPECT_TRUE(fetches_intact_on(world.hosts[0].ns(), *world.a1, "10.5.0.11"));
  const HostServer server(world.hosts[0].ns());
  EXPECT_TRUE(fetches_intact(world.a1->guest, server.file(), kHost));
  EXPECT_TRUE(fetches_intact(world.b1->guest, world.a1->file, "10.5.0.11"));
}

INSTANTIATE_TEST_SUITE_P(Mode, HostOnly, ::testing::Values("tc", "xdp"), mode_name);

}  // namespace
}  // namespace xvnet::test
