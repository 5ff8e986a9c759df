// SPDX-License-Identifier: BSD-2-Clause
//
// Unmodified guests with virtio-net's default offloads, in every mode: in the same and in different
// tenants, on one host and across two. Received data is compared by checksum. Only a real guest's
// network stack shows that a partial checksum or a missing segmentation loses or corrupts data.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "world.h"

namespace xvnet::test {
namespace {

// A1 and B1 are on one host, A2 and B2 on the other.
class TwoHosts : public GuestTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    World& world = World::get();
    world.apply(two_tenants(world, GetParam()));
  }
};

TEST_P(TwoHosts, SameTenantPingsAcrossHosts) {
  const World& world = World::get();
  EXPECT_TRUE(pings(world.a1->guest, world.a2->ip));
  EXPECT_TRUE(pings(world.a2->guest, world.a1->ip));
  EXPECT_TRUE(pings(world.b1->guest, world.b2->ip));
  // Only the first fragment has a transport header.
  EXPECT_TRUE(pings(world.a1->guest, world.a2->ip, "-s 4000"));
  EXPECT_TRUE(pings(world.a1->guest, world.a2->ip6));
}

TEST_P(TwoHosts, SameTenantTransfersTcpIntactAcrossHosts) {
  const World& world = World::get();
  EXPECT_TRUE(fetches_intact(world.a2->guest, world.a1->file, world.a1->ip));
  EXPECT_TRUE(fetches_intact(world.a1->guest, world.a2->file, world.a2->ip6));
}

TEST_P(TwoHosts, SameTenantExchangesUdpAcrossHosts) {
  const World& world = World::get();
  EXPECT_TRUE(exchanges_udp(world.a1->guest, world.a2->ip));
  EXPECT_TRUE(exchanges_udp(world.b2->guest, world.b1->ip6));
}

TEST_P(TwoHosts, OtherTenantIsUnreachable) {
  const World& world = World::get();
  EXPECT_TRUE(
      cannot_ping(world.a1->guest, {world.b1->ip, world.b2->ip, world.b1->ip6, world.b2->ip6}));
  EXPECT_TRUE(
      cannot_ping(world.b2->guest, {world.a1->ip, world.a2->ip, world.a1->ip6, world.a2->ip6}));
}

TEST_P(TwoHosts, OtherTenantsMacAndIpAreUnreachable) {
  const World& world = World::get();
  // Static neighbours make the test independent of the isolation of ARP.
  const std::string mac = world.b1->guest.must("cat /sys/class/net/eth0/address");
  const std::string remote_mac = world.b2->guest.must("cat /sys/class/net/eth0/address");
  world.a1->guest.must(
      fmt::format("ip neigh replace {} lladdr {} dev eth0; "
                  "ip neigh replace {} lladdr {} dev eth0",
                  world.b1->ip, mac, world.b2->ip, remote_mac));
  const std::string count = "awk '/^Icmp: [0-9]/ { print $10 }' /proc/net/snmp";  // InEchos
  const std::string before = world.b1->guest.must(count);
  const std::string remote_before = world.b2->guest.must(count);
  EXPECT_TRUE(cannot_ping(world.a1->guest, {world.b1->ip, world.b2->ip}));
  EXPECT_EQ(world.b1->guest.must(count), before);
  EXPECT_EQ(world.b2->guest.must(count), remote_before);
  EXPECT_TRUE(pings(world.b2->guest, world.b1->ip));
  EXPECT_NE(world.b1->guest.must(count), before);
  world.a1->guest.must("ip neigh flush dev eth0 nud permanent");
}

// A tag that the guest adds itself must not reach the tenant of that VLAN.
TEST_P(TwoHosts, GuestTagCannotReachAnotherTenant) {
  const World& world = World::get();
  world.a1->guest.must(
      "ip link add link eth0 name eth0.20 type vlan id 20 && ip address add 10.0.99.1/24 dev "
      "eth0.20 "
      "&& ip link set eth0.20 up");
  world.b1->guest.must("ip address replace 10.0.99.2/24 dev eth0");
  world.b2->guest.must("ip address replace 10.0.99.4/24 dev eth0");
  EXPECT_TRUE(pings(world.b1->guest, "10.0.99.4"));
  EXPECT_TRUE(cannot_ping(world.a1->guest, {"10.0.99.2", "10.0.99.4"}));
  world.a1->guest.must("ip link del eth0.20");
  world.b1->guest.must("ip address del 10.0.99.2/24 dev eth0");
  world.b2->guest.must("ip address del 10.0.99.4/24 dev eth0");
}

// The inner checksum is partial. The outer checksum is zero (the default) or valid.
TEST_P(TwoHosts, VxlanBetweenGuestsTransfersTcpIntact) {
  const World& world = World::get();
  for (const char* outer : {"noudpcsum", "udpcsum"}) {
    for (const auto& [peer, other] : {std::pair(&world.a1, &world.a2), {&world.a2, &world.a1}}) {
      (*peer)->guest.must(fmt::format(
          "ip link add vx0 type vxlan id 42 remote {} dstport 4789 {} && ip link set vx0 up && "
          "ip address add 10.42.0.{}/24 dev vx0",
          (*other)->ip, outer, (*peer)->ip.back()));
    }
    EXPECT_TRUE(pings(world.a1->guest, "10.42.0.3")) << outer;
    EXPECT_TRUE(fetches_intact(world.a2->guest, world.a1->file, "10.42.0.1")) << outer;
    for (const auto* peer : {&world.a1, &world.a2}) (*peer)->guest.must("ip link del vx0");
  }
}

INSTANTIATE_TEST_SUITE_P(Mode, TwoHosts, ::testing::Values("tc", "xdp", "auto"), mode_name);

// A1 and B1 are on one host in one tenant, and each port has a different mode.
class OneHost : public GuestTest,
                public ::testing::WithParamInterface<std::tuple<const char*, const char*>> {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    World& world = World::get();
    const auto [sender, receiver] = GetParam();
    world.apply({.uplinks = {},
                 .networks = {},
                 .ports = {world.a1->port({"--vlan", "10", "--mode", sender}),
                           world.b1->port({"--vlan", "10", "--mode", receiver})}});
  }
};

TEST_P(OneHost, SameTenantPings) {
  const World& world = World::get();
  EXPECT_TRUE(pings(world.a1->guest, world.b1->ip));
  EXPECT_TRUE(pings(world.a1->guest, world.b1->ip6, "-s 4000"));
}

TEST_P(OneHost, SameTenantTransfersTcpIntact) {
  const World& world = World::get();
  EXPECT_TRUE(fetches_intact(world.b1->guest, world.a1->file, world.a1->ip));
}

TEST_P(OneHost, SameTenantExchangesUdp) {
  const World& world = World::get();
  EXPECT_TRUE(exchanges_udp(world.a1->guest, world.b1->ip));
}

INSTANTIATE_TEST_SUITE_P(SenderToReceiver, OneHost,
                         ::testing::Combine(::testing::Values("tc", "xdp"),
                                            ::testing::Values("tc", "xdp")),
                         [](const auto& info) {
                           return fmt::format("{}_to_{}", std::get<0>(info.param),
                                              std::get<1>(info.param));
                         });

// The guests keep running while their ports move to other networks.
TEST_F(GuestTest, PortMovesBetweenTenantsUnderARunningGuest) {
  World& world = World::get();
  world.apply(two_tenants(world, "auto"));
  ASSERT_TRUE(pings(world.b1->guest, world.b2->ip));
  Wiring moved = two_tenants(world, "auto");
  for (auto& port : moved.ports) {
    if (port.dev == world.b1->tap) port.args[1] = "10";
  }
  world.apply(moved);
  EXPECT_TRUE(pings(world.b1->guest, world.a1->ip));
  EXPECT_TRUE(pings(world.b1->guest, world.a2->ip));
  EXPECT_TRUE(cannot_ping(world.b1->guest, {world.b2->ip}));
}

}  // namespace
}  // namespace xvnet::test
