// SPDX-License-Identifier: BSD-2-Clause
//
// The build of the programs that run after `xvnet upgrade`, also when the upgrade fails or is
// killed.
#include <algorithm>

#include "fixture.h"
#include "loader/commands/dry_run.h"

namespace xvnet::test {
namespace {

Result<Outcome> upgrade(Kernel& kernel) {
  XVNET_ASSIGN(instance, Instance::open_for_upgrade(kernel));
  return instance.upgrade();
}

class Upgrade : public OnFakeKernel {
 protected:
  Upgrade() { fill(kernel_); }

  static void fill(FakeKernel& kernel) {
    kernel.add_nic("eth0");
    ASSERT_TRUE(run(kernel, add_uplink(uplink("eth0", Mode::kXdp))));
    ASSERT_TRUE(run(kernel, attach(on_vlan("tap0", 10))));
    ASSERT_TRUE(run(kernel, attach(on_vlan("tap1", 20))));
    ASSERT_TRUE(run(kernel, add_network(with_dhcp(tenant("blue", 30)))));
    kernel.start_process();
    kernel.set_build("second");
  }

  static std::set<std::string> builds(const FakeKernel& kernel) {
    std::set<std::string> builds;
    for (const auto& [where, pin] : kernel.pins()) builds.insert(pin.build);
    return builds;
  }
};

using Builds = std::set<std::string>;

TEST_F(Upgrade, LoadsContinuationsBeforeAnythingIsMoved) {
  ASSERT_TRUE(upgrade(kernel_));
  EXPECT_LT(place_of(kernel_, "load continuations"), first_with(kernel_, "update"));
}

// A previous version that did not translate fragments had no fragment rings.
TEST_F(Upgrade, MakesWhatTheFormerVersionDidNotHave) {
  kernel_.add_nic("eth9").addresses = {"192.0.2.2/24"};
  ASSERT_TRUE(run(kernel_, add_uplink(uplink_with("eth9", {}))));
  ASSERT_TRUE(run(kernel_, add_network(with_snat(tenant("green", 40), {"auto"}))));
  auto& rings = kernel_.table(TableId::kNatRings);
  const auto network = rings.keys().value();
  ASSERT_EQ(network.size(), sizeof(std::uint32_t));
  ASSERT_TRUE(rings.erase(network));
  kernel_.start_process();
  kernel_.set_build("third");
  ASSERT_TRUE(upgrade(kernel_));
  EXPECT_EQ(kernel_.table(TableId::kNatRings).keys().value(), network);
}

// An older version had no backstops, and did not mark the host's interface.
TEST_F(Upgrade, GuardsPortsAsThisVersionDoes) {
  auto lab = network("lab");
  lab.host_addresses = {"10.5.0.1/24"};
  ASSERT_TRUE(run(kernel_, add_network(lab)));
  const Snapshot whole = take_snapshot(kernel_);
  const std::uint32_t port = kernel_.device("xp-lab").link.ifindex;
  FakeTable& interfaces = kernel_.fake_table(TableId::kInterfaces);
  FakeTable& cache = kernel_.fake_table(TableId::kInterfaceCache);
  const Bytes key = to_bytes(port);
  auto entry = from_bytes<abi::interface>(interfaces.raw().at(key));
  entry.flags &= ~std::uint32_t{abi::INTERFACE_TO_HOST};
  interfaces.set(key, to_bytes(entry));
  cache.set(to_bytes(port % INTERFACE_CACHE_SIZE), to_bytes(abi::cached_interface{port, entry, 0}));
  kernel_.fake_table(TableId::kRoutes).reset();
  kernel_.device("tap0").has_backstop = false;
  kernel_.start_process();
  ASSERT_TRUE(upgrade(kernel_));
  EXPECT_EQ(difference(whole, take_snapshot(kernel_)), "");
}

TEST_F(Upgrade, MovesEveryAttachment) {
  const auto outcome = upgrade(kernel_);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->changed);
  EXPECT_EQ(builds(kernel_), Builds{"second"});
}

TEST_F(Upgrade, NeverTakesAProgramAway) {
  ASSERT_TRUE(upgrade(kernel_));
  for (const std::string& line : kernel_.journal()) {
    EXPECT_FALSE(line.starts_with("detach")) << line;
    EXPECT_FALSE(line.starts_with("set_up")) << line;
  }
}

TEST_F(Upgrade, AgainChangesNothing) {
  ASSERT_TRUE(upgrade(kernel_));
  kernel_.start_process();
  const auto outcome = upgrade(kernel_);
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->changed);
  EXPECT_EQ(kernel_.journal(), std::vector<std::string>());
}

TEST_F(Upgrade, OfNothingIsDone) {
  FakeKernel empty;
  const auto outcome = upgrade(empty);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_FALSE(outcome->changed);
  EXPECT_FALSE(empty.is_loaded());
}

TEST_F(Upgrade, LeavesASeveredPortAloneAndSaysSo) {
  kernel_.recreate_with_same_ifindex("tap0");
  const auto outcome = upgrade(kernel_);
  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_EQ(outcome->warnings.size(), 1U);
  EXPECT_NE(outcome->warnings[0].find("tap0"), std::string::npos);
  EXPECT_EQ(builds(kernel_), (Builds{"first", "second"}));
}

TEST_F(Upgrade, AFailurePutsTheFormerProgramsBack) {
  const int steps = [] {
    FakeKernel kernel;
    fill(kernel);
    kernel.heal();
    EXPECT_TRUE(upgrade(kernel));
    return kernel.steps();
  }();
  ASSERT_GT(steps, 3);
  // The last change commits the upgrade. All programs have been replaced by then.
  for (int n = 1; n < steps; ++n) {
    FakeKernel kernel;
    fill(kernel);
    kernel.fail_at(n);
    EXPECT_FALSE(upgrade(kernel));
    EXPECT_EQ(builds(kernel), Builds{"first"}) << "at change " << n;
    EXPECT_EQ(kernel.loaded_build(), "first") << "at change " << n;
    kernel.heal();
    kernel.start_process();
    EXPECT_TRUE(upgrade(kernel));
    EXPECT_EQ(builds(kernel), Builds{"second"});
  }
}

TEST_F(Upgrade, AfterKillItConverges) {
  bool was_hit = true;
  for (int n = 1; was_hit; ++n) {
    FakeKernel kernel;
    fill(kernel);
    kernel.die_at(n);
    (void)upgrade(kernel);
    was_hit = kernel.was_hit();
    kernel.heal();
    kernel.start_process();
    ASSERT_TRUE(upgrade(kernel));
    EXPECT_EQ(builds(kernel), Builds{"second"}) << "killed at change " << n;
  }
}

TEST_F(Upgrade, RehearsedTellsWhatWouldMove) {
  Rehearsal rehearsal(kernel_);
  ASSERT_TRUE(upgrade(rehearsal));
  EXPECT_EQ(builds(kernel_), Builds{"first"});
  EXPECT_EQ(std::ranges::count(rehearsal.steps(), "update tc_from_vm on tap0 ingress"), 1);
  EXPECT_EQ(std::ranges::count(rehearsal.steps(), "update xdp_from_uplink on eth0 xdp"), 1);
}

}  // namespace
}  // namespace xvnet::test
