// SPDX-License-Identifier: BSD-2-Clause
//
// The build of the programs that run after `xvnet upgrade`, also when the upgrade fails or is
// killed.
#include <algorithm>

#include "fixture.h"
#include "loader/commands/dry_run.h"

namespace xvnet::test {
namespace {

Result<Outcome> upgrade(Host& host) {
  XVNET_ASSIGN(instance, Instance::open_for_upgrade(host));
  return instance.upgrade();
}

class Upgrade : public OnFakeHost {
 protected:
  Upgrade() { fill(host_); }

  static void fill(FakeHost& host) {
    host.add_nic("eth0");
    ASSERT_TRUE(run(host, add_uplink(uplink("eth0", Mode::kXdp))));
    ASSERT_TRUE(run(host, attach(on_vlan("tap0", 10))));
    ASSERT_TRUE(run(host, attach(on_vlan("tap1", 20))));
    ASSERT_TRUE(run(host, add_network(with_dhcp(tenant("blue", 30)))));
    host.start_process();
    host.set_build("second");
  }

  static std::set<std::string> builds(const FakeHost& host) {
    std::set<std::string> builds;
    for (const auto& [where, pin] : host.pins()) builds.insert(pin.build);
    return builds;
  }
};

using Builds = std::set<std::string>;

TEST_F(Upgrade, LoadsTailCallsBeforeAnythingIsMoved) {
  ASSERT_TRUE(upgrade(host_));
  EXPECT_LT(place_of(host_, "load tail calls"), first_with(host_, "update"));
}

// A previous version that did not translate fragments had no fragment rings.
TEST_F(Upgrade, CreatesTablesThatThePreviousVersionLacked) {
  host_.add_nic("eth9").addresses = {"192.0.2.2/24"};
  ASSERT_TRUE(run(host_, add_uplink(uplink_with("eth9", {}))));
  ASSERT_TRUE(run(host_, add_network(with_snat(tenant("green", 40), {"auto"}))));
  auto& rings = host_.table(TableId::kNatRings);
  const auto network = rings.keys().value();
  ASSERT_EQ(network.size(), sizeof(std::uint32_t));
  ASSERT_TRUE(rings.erase(network));
  host_.start_process();
  host_.set_build("third");
  ASSERT_TRUE(upgrade(host_));
  EXPECT_EQ(host_.table(TableId::kNatRings).keys().value(), network);
}

// An older version had no backstops, and did not mark the host's interface.
TEST_F(Upgrade, AddsTheGuardsOfTheNewVersion) {
  auto lab = network("lab");
  lab.host_addresses = {"10.5.0.1/24"};
  ASSERT_TRUE(run(host_, add_network(lab)));
  const Snapshot whole = take_snapshot(host_);
  const std::uint32_t port = host_.device("xp-lab").link.ifindex;
  FakeTable& interfaces = host_.fake_table(TableId::kInterfaces);
  FakeTable& cache = host_.fake_table(TableId::kInterfaceCache);
  const Bytes key = to_bytes(port);
  auto entry = from_bytes<abi::interface>(interfaces.raw().at(key));
  entry.flags &= ~std::uint32_t{abi::INTERFACE_TO_HOST};
  interfaces.set(key, to_bytes(entry));
  cache.set(to_bytes(port % INTERFACE_CACHE_SIZE), to_bytes(abi::cached_interface{port, entry, 0}));
  host_.fake_table(TableId::kRoutes).reset();
  host_.device("tap0").has_backstop = false;
  host_.start_process();
  ASSERT_TRUE(upgrade(host_));
  EXPECT_EQ(difference(whole, take_snapshot(host_)), "");
}

TEST_F(Upgrade, ReplacesTheProgramOfEveryAttachment) {
  const auto outcome = upgrade(host_);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->changed);
  EXPECT_EQ(builds(host_), Builds{"second"});
}

TEST_F(Upgrade, NeverDetachesAProgram) {
  ASSERT_TRUE(upgrade(host_));
  for (const std::string& line : host_.journal()) {
    EXPECT_FALSE(line.starts_with("detach")) << line;
    EXPECT_FALSE(line.starts_with("set_up")) << line;
  }
}

TEST_F(Upgrade, RepeatedChangesNothing) {
  ASSERT_TRUE(upgrade(host_));
  host_.start_process();
  const auto outcome = upgrade(host_);
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->changed);
  EXPECT_EQ(host_.journal(), std::vector<std::string>());
}

TEST_F(Upgrade, WithoutAnInstanceSucceeds) {
  FakeHost empty;
  const auto outcome = upgrade(empty);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_FALSE(outcome->changed);
  EXPECT_FALSE(empty.is_loaded());
}

TEST_F(Upgrade, SkipsAnOrphanedPortWithAWarning) {
  host_.recreate_with_same_ifindex("tap0");
  const auto outcome = upgrade(host_);
  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_EQ(outcome->warnings.size(), 1U);
  EXPECT_NE(outcome->warnings[0].find("tap0"), std::string::npos);
  EXPECT_EQ(builds(host_), (Builds{"first", "second"}));
}

TEST_F(Upgrade, FailureRestoresThePreviousPrograms) {
  const int steps = [] {
    FakeHost host;
    fill(host);
    host.heal();
    EXPECT_TRUE(upgrade(host));
    return host.steps();
  }();
  ASSERT_GT(steps, 3);
  // The last change commits the upgrade. All programs have been replaced by then.
  for (int n = 1; n < steps; ++n) {
    FakeHost host;
    fill(host);
    host.fail_at(n);
    EXPECT_FALSE(upgrade(host));
    EXPECT_EQ(builds(host), Builds{"first"}) << "at change " << n;
    EXPECT_EQ(host.loaded_build(), "first") << "at change " << n;
    host.heal();
    host.start_process();
    EXPECT_TRUE(upgrade(host));
    EXPECT_EQ(builds(host), Builds{"second"});
  }
}

TEST_F(Upgrade, CompletesAfterAKill) {
  bool was_hit = true;
  for (int n = 1; was_hit; ++n) {
    FakeHost host;
    fill(host);
    host.die_at(n);
    (void)upgrade(host);
    was_hit = host.was_hit();
    host.heal();
    host.start_process();
    ASSERT_TRUE(upgrade(host));
    EXPECT_EQ(builds(host), Builds{"second"}) << "killed at change " << n;
  }
}

TEST_F(Upgrade, DryRunListsProgramsThatWouldBeReplaced) {
  DryRun dry_run(host_);
  ASSERT_TRUE(upgrade(dry_run));
  EXPECT_EQ(builds(host_), Builds{"first"});
  EXPECT_EQ(std::ranges::count(dry_run.steps(), "update tc_from_vm on tap0 ingress"), 1);
  EXPECT_EQ(std::ranges::count(dry_run.steps(), "update xdp_from_uplink on eth0 xdp"), 1);
}

}  // namespace
}  // namespace xvnet::test
