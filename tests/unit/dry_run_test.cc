// SPDX-License-Identifier: BSD-2-Clause
//
// --dry-run runs every command, with all its checks, on a Rehearsal of the kernel.
#include "loader/commands/dry_run.h"

#include <algorithm>

#include "scenarios.h"

namespace xvnet::test {
namespace {

Result<Outcome> rehearse(Rehearsal& rehearsal, const Command& command) {
  XVNET_ASSIGN(instance, Instance::open_for_change(rehearsal));
  return command(instance);
}

class Rehearsed : public testing::TestWithParam<Scenario> {};

TEST_P(Rehearsed, CommandChangesNothingAndTellsWhatItWouldDo) {
  FakeKernel kernel;
  prepare(kernel, GetParam());
  kernel.start_process();
  bool was_loaded = kernel.is_loaded();
  Snapshot before = take_snapshot(kernel);
  Rehearsal rehearsal(kernel);
  auto outcome = rehearse(rehearsal, GetParam().command);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->changed);
  EXPECT_FALSE(rehearsal.steps().empty());
  EXPECT_EQ(kernel.journal(), std::vector<std::string>());
  EXPECT_EQ(difference(before, take_snapshot(kernel)), "");
  EXPECT_FALSE(kernel.is_locked());
  EXPECT_EQ(kernel.is_loaded(), was_loaded);
}

INSTANTIATE_TEST_SUITE_P(Every, Rehearsed, testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

class Rehearsing : public OnFakeKernel {};

TEST_F(Rehearsing, RefusesWhatTheCommandWouldRefuse) {
  kernel_.add_tap("tap0").link.master = 3;
  Rehearsal rehearsal(kernel_);
  auto outcome = rehearse(rehearsal, attach(on_vlan("tap0", 10)));
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message.find("bridge"), std::string::npos);
}

TEST_F(Rehearsing, SaysWhatIsMade) {
  Rehearsal rehearsal(kernel_);
  ASSERT_TRUE(rehearse(rehearsal, attach(on_vlan("tap0", 10))));
  EXPECT_TRUE(std::ranges::any_of(rehearsal.steps(), [](const std::string& step) {
    return step.find("tap0") != std::string::npos;
  }));
  EXPECT_FALSE(kernel_.has("tap0"));
}

TEST_F(Rehearsing, WhatIsThereAlreadyTakesNoStep) {
  must(attach(on_vlan("tap0", 10)));
  kernel_.start_process();
  Rehearsal rehearsal(kernel_);
  auto outcome = rehearse(rehearsal, attach(on_vlan("tap0", 10)));
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->changed);
  EXPECT_EQ(rehearsal.steps(), std::vector<std::string>());
}

}  // namespace
}  // namespace xvnet::test
