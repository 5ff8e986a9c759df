// SPDX-License-Identifier: BSD-2-Clause
//
// Guests with NICs that differ from the default: three NICs, several queues, or no vnet header.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "world.h"

namespace xvnet::test {
namespace {

// Adds an address for one test, because all tests share the guests.
class ExtraAddress {
 public:
  ExtraAddress(const Peer& peer, std::string cidr) : peer_(peer), cidr_(std::move(cidr)) {
    peer_.guest.must("ip address add " + cidr_ + " dev eth0");
  }
  ~ExtraAddress() { peer_.guest.run("ip address del " + cidr_ + " dev eth0"); }
  ExtraAddress(const ExtraAddress&) = delete;
  ExtraAddress& operator=(const ExtraAddress&) = delete;

 private:
  const Peer& peer_;
  std::string cidr_;
};

TEST_F(GuestTest, EachOfThreeNicsReachesOnlyItsNetwork) {
  World& world = World::get();
  Wiring wiring = two_tenants(world, "auto");
  wiring.ports.back().args[1] = "30";  // B2 acts as a third tenant on the other host
  for (const char* vlan : {"10", "20", "30"}) {
    wiring.ports.push_back({0, fmt::format("tap-m{}", vlan), {"--vlan", vlan}});
  }
  world.apply(wiring);
  const Guest multi(world.hosts[0].ns(), "multi",
                    {{.tap = "tap-m10", .addresses = "10.0.10.9/24"},
                     {.tap = "tap-m20", .addresses = "10.0.20.9/24"},
                     {.tap = "tap-m30", .addresses = "10.0.30.9/24"}});
  const ExtraAddress in_10(*world.a2, "10.0.10.3/24");
  const ExtraAddress in_20(*world.b1, "10.0.20.2/24");
  const ExtraAddress in_30(*world.b2, "10.0.30.4/24");

  EXPECT_TRUE(pings(multi, "10.0.10.3"));
  EXPECT_TRUE(pings(multi, "10.0.20.2"));
  EXPECT_TRUE(pings(multi, "10.0.30.4"));
  EXPECT_TRUE(pings(multi, "10.0.20.2", "-I eth1"));
  EXPECT_TRUE(cannot_ping(multi, {"10.0.20.2", "10.0.30.4"}, "-I eth0"));
  EXPECT_TRUE(cannot_ping(multi, {"10.0.10.3", "10.0.20.2"}, "-I eth2"));
}

class Multiqueue : public GuestTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(Multiqueue, ParallelTransfersArriveIntact) {
  World& world = World::get();
  Wiring wiring = two_tenants(world, GetParam());
  wiring.ports.push_back({0, "tap-mq", {"--vlan", "10", "--queues", "2", "--mode", GetParam()}});
  world.apply(wiring);
  Peer mq(world.hosts[0].ns(), 0, "mq", 7, {{.tap = "tap-mq", .addresses = {}, .queues = 2}});
  mq.file = start_services(mq.guest);
  ASSERT_EQ(mq.guest.must("ls -d /sys/class/net/eth0/queues/tx-* | wc -l"), "2");

  EXPECT_TRUE(pings(mq.guest, world.a1->ip));
  EXPECT_TRUE(fetches_intact(world.a2->guest, mq.file, mq.ip));
  // Four parallel transfers keep both queues busy.
  const std::string sums = mq.guest.must(
      fmt::format("for n in 1 2 3 4; do wget -q -O - http://{}:{}/file | md5sum & done; wait",
                  world.a1->ip, world.a1->file.port),
      std::chrono::seconds(200));
  const std::string& sum = world.a1->file.md5;
  EXPECT_EQ(sums, fmt::format("{0}\n{0}\n{0}\n{0}", sum));
}

INSTANTIATE_TEST_SUITE_P(Mode, Multiqueue, ::testing::Values("tc", "xdp"), mode_name);

// Without a vnet header, the guest completes all checksums and segments its data itself. It must
// also receive such frames only.
TEST_F(GuestTest, GuestWithoutVnetHeaderTransfersTcpIntactInEachMode) {
  World& world = World::get();
  const auto with_plain = [&](const Words& mode) {
    Wiring wiring = two_tenants(world, "auto");
    Words args = {"--vlan", "10"};
    args.insert(args.end(), mode.begin(), mode.end());
    wiring.ports.push_back({0, "tap-plain", args});
    return wiring;
  };
  world.apply(with_plain({"--mode", "tc"}));
  Peer plain(world.hosts[0].ns(), 0, "plain", 8,
             {{.tap = "tap-plain", .addresses = {}, .vnet_hdr = false}});
  plain.file = start_services(plain.guest);
  for (const Words& mode : {Words{"--mode", "tc"}, Words{"--mode", "xdp"}, Words{"--mode", "auto"},
                            Words{"--mode", "xdp", "--guest-offloads", "off"}}) {
    SCOPED_TRACE(fmt::format("{}", mode.back()));
    world.apply(with_plain(mode));
    EXPECT_TRUE(pings(plain.guest, world.a2->ip));
    EXPECT_TRUE(fetches_intact(plain.guest, world.a1->file, world.a1->ip));
    EXPECT_TRUE(fetches_intact(world.a2->guest, plain.file, plain.ip));
    EXPECT_TRUE(exchanges_udp(plain.guest, world.a1->ip));
    EXPECT_TRUE(cannot_ping(plain.guest, {world.b1->ip, world.b2->ip}));
  }
}

}  // namespace
}  // namespace xvnet::test
