// SPDX-License-Identifier: BSD-2-Clause
//
// Every command is all or nothing and survives kill -9: each test breaks it at every single change
// it makes.
#include <algorithm>

#include "scenarios.h"

namespace xvnet::test {
namespace {

class Fault : public testing::TestWithParam<Scenario> {
 protected:
  // Runs the command undisturbed, to count its changes and to record the state it leaves.
  void SetUp() override {
    FakeKernel kernel;
    prepare(kernel, GetParam());
    kernel.heal();
    auto outcome = run(kernel, GetParam().command);
    ASSERT_TRUE(outcome) << outcome.error().message << "\n" << journal_text(kernel);
    steps_ = kernel.steps();
    undisturbed_ = take_snapshot(kernel);
    expect_unbroken(kernel);
    expect_settled(kernel);
  }

  // A completed command clears the mark of a running change. Only an interrupted one leaves it.
  void expect_settled(const FakeKernel& kernel) {
    EXPECT_TRUE(!kernel.is_loaded() || kernel.is_settled());
  }

  void expect_unbroken(const FakeKernel& kernel) {
    for (const std::string& violation : kernel.violations()) ADD_FAILURE() << violation;
  }

  // Readers must be able to read the state that a half-done command leaves.
  void expect_readable(FakeKernel& kernel) {
    auto instance = Instance::open_for_reading(kernel);
    ASSERT_TRUE(instance) << instance.error().message;
    EXPECT_TRUE(instance->ports());
    EXPECT_TRUE(instance->networks());
    EXPECT_TRUE(instance->uplinks());
    EXPECT_TRUE(instance->fdb());
    EXPECT_TRUE(instance->nat({}));
    EXPECT_TRUE(instance->stats(""));
  }

  // A deleted device or a removed pin cannot be brought back when a later step fails.
  bool went_too_far(const FakeKernel& kernel) {
    if (!GetParam().removes()) return false;
    return std::ranges::any_of(kernel.journal(), [](const std::string& line) {
      bool is_done = !line.ends_with("(failed)");
      return line.starts_with("remove_pins") || (line.starts_with("delete_link") && is_done);
    });
  }

  // Kills the command at its n-th change. Returns the changes it made before that.
  std::string kill(FakeKernel& kernel, int n) {
    kernel.die_at(n);
    auto outcome = run(kernel, GetParam().command);
    EXPECT_FALSE(outcome && kernel.was_hit()) << "a failed change went unnoticed:\n"
                                              << journal_text(kernel);
    kernel.heal();
    std::string done;
    bool has_written = false;
    for (const std::string& line : kernel.journal()) {
      if (line.ends_with("(failed)")) continue;
      done += "  " + line + "\n";
      const bool is_write = line.starts_with("put ") || line.starts_with("erase ");
      has_written = line != "put meta 0" && (has_written || is_write);
    }
    EXPECT_FALSE(kernel.is_loaded() && has_written && kernel.is_settled()) << "after:\n" << done;
    return done;
  }

  // The order in which objects get shared resources. A restore retries a failed object last, so the
  // order may differ.
  enum class Order { kSame, kAny };

  void expect_convergence(FakeKernel& kernel, const std::string& killed,
                          Order order = Order::kSame) {
    auto outcome = run(kernel, GetParam().command);
    SCOPED_TRACE("killed after:\n" + killed + "then:\n" + journal_text(kernel));
    // A repeated removal may fail because the object is already gone. Only the state matters.
    EXPECT_TRUE(outcome || GetParam().removes()) << outcome.error().message;
    if (order == Order::kSame) {
      EXPECT_EQ(difference(undisturbed_, take_snapshot(kernel)), "");
    }
    expect_unbroken(kernel);
    expect_settled(kernel);
  }

  int steps_ = 0;
  Snapshot undisturbed_;
};

TEST_P(Fault, OneFailureLeavesTheStateAsBefore) {
  if (GetParam().is_restore()) GTEST_SKIP() << "Restore.OneFailureConcernsOneObject";
  for (int n = 1; n <= steps_ && !HasFailure(); n += stride(steps_, kEvery)) {
    FakeKernel kernel;
    prepare(kernel, GetParam());
    Snapshot before = take_snapshot(kernel);
    kernel.fail_at(n);
    auto outcome = run(kernel, GetParam().command);
    SCOPED_TRACE("change " + std::to_string(n) + " of:\n" + journal_text(kernel));
    EXPECT_FALSE(outcome);
    expect_unbroken(kernel);
    if (went_too_far(kernel)) continue;
    expect_settled(kernel);
    EXPECT_EQ(difference_but_safer(before, take_snapshot(kernel)), "");
  }
}

TEST_P(Fault, AfterAFailureTheSameCommandSucceeds) {
  for (int n = 1; n <= steps_ && !HasFailure(); n += stride(steps_, kEvery)) {
    FakeKernel kernel;
    prepare(kernel, GetParam());
    kernel.fail_at(n);
    (void)run(kernel, GetParam().command);
    kernel.heal();
    expect_convergence(kernel, journal_text(kernel),
                       GetParam().is_restore() ? Order::kAny : Order::kSame);
  }
}

TEST_P(Fault, AfterKillTheSameCommandConverges) {
  for (int n = 1; n <= steps_ && !HasFailure(); n += stride(steps_, kEvery)) {
    FakeKernel kernel;
    prepare(kernel, GetParam());
    std::string killed = kill(kernel, n);
    expect_readable(kernel);
    expect_convergence(kernel, killed);
  }
}

// Kills the command at every pair of places. For a long command, the places are evenly spread.
TEST_P(Fault, AfterTwoKillsTheSameCommandConverges) {
  const int step = stride(steps_, 40);
  for (int first = 1; first <= steps_; first += step) {
    for (int second = 1; second <= steps_ && !HasFailure(); second += step) {
      FakeKernel kernel;
      prepare(kernel, GetParam());
      std::string killed = kill(kernel, first);
      killed += "and again after:\n" + kill(kernel, second);
      expect_convergence(kernel, killed);
    }
  }
}

TEST_P(Fault, AfterKillDownLeavesTheHostAsItWas) {
  FakeKernel untouched;
  make_host(untouched);
  GetParam().world(untouched);
  Snapshot host = take_snapshot(untouched);
  GetParam().lasting(untouched);
  Snapshot changed_host = take_snapshot(untouched);
  for (int n = 1; n <= steps_ && !HasFailure(); n += stride(steps_, kEvery)) {
    FakeKernel kernel;
    prepare(kernel, GetParam());
    std::string killed = kill(kernel, n);
    auto outcome = run(kernel, down());
    SCOPED_TRACE("killed after:\n" + killed + "then:\n" + journal_text(kernel));
    EXPECT_TRUE(outcome) << outcome.error().message;
    EXPECT_FALSE(kernel.is_loaded());
    expect_unbroken(kernel);
    Snapshot after = take_snapshot(kernel);
    if (difference_but_safer(changed_host, after).empty()) continue;
    EXPECT_EQ(difference_but_safer(host, after), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Fault, testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace xvnet::test
