// SPDX-License-Identifier: BSD-2-Clause
//
// --dry-run runs every command, with all its checks, on a DryRun of the host.
#include "loader/commands/dry_run.h"

#include <algorithm>

#include "scenarios.h"

namespace xvnet::test {
namespace {

Result<Outcome> run_dry(DryRun& dry_run, const Command& command) {
  XVNET_ASSIGN(instance, Instance::open_for_change(dry_run));
  return command(instance);
}

class DryRunScenario : public testing::TestWithParam<Scenario> {};

TEST_P(DryRunScenario, ChangesNothingAndListsTheSteps) {
  FakeHost host;
  prepare(host, GetParam());
  host.start_process();
  bool was_loaded = host.is_loaded();
  Snapshot before = take_snapshot(host);
  DryRun dry_run(host);
  auto outcome = run_dry(dry_run, GetParam().command);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->changed);
  EXPECT_FALSE(dry_run.steps().empty());
  EXPECT_EQ(host.journal(), std::vector<std::string>());
  EXPECT_EQ(difference(before, take_snapshot(host)), "");
  EXPECT_FALSE(host.is_locked());
  EXPECT_EQ(host.is_loaded(), was_loaded);
}

INSTANTIATE_TEST_SUITE_P(Every, DryRunScenario, testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

class DryRunCommand : public OnFakeHost {};

TEST_F(DryRunCommand, RefusesWhatTheCommandWouldRefuse) {
  host_.add_tap("tap0").link.master = 3;
  DryRun dry_run(host_);
  auto outcome = run_dry(dry_run, attach(on_vlan("tap0", 10)));
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message.find("bridge"), std::string::npos);
}

TEST_F(DryRunCommand, ListsCreatedObjects) {
  DryRun dry_run(host_);
  ASSERT_TRUE(run_dry(dry_run, attach(on_vlan("tap0", 10))));
  EXPECT_TRUE(std::ranges::any_of(dry_run.steps(), [](const std::string& step) {
    return step.find("tap0") != std::string::npos;
  }));
  EXPECT_FALSE(host_.has("tap0"));
}

TEST_F(DryRunCommand, ListsNoStepForExistingObjects) {
  must(attach(on_vlan("tap0", 10)));
  host_.start_process();
  DryRun dry_run(host_);
  auto outcome = run_dry(dry_run, attach(on_vlan("tap0", 10)));
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->changed);
  EXPECT_EQ(dry_run.steps(), std::vector<std::string>());
}

}  // namespace
}  // namespace xvnet::test
