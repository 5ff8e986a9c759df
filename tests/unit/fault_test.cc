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
    FakeHost host;
    prepare(host, GetParam());
    host.heal();
    auto outcome = run(host, GetParam().command);
    ASSERT_TRUE(outcome) << outcome.error().message << "\n" << journal_text(host);
    steps_ = host.steps();
    undisturbed_ = take_snapshot(host);
    expect_unbroken(host);
    expect_settled(host);
  }

  // A completed command clears the mark of a running change. Only an interrupted one leaves it.
  void expect_settled(const FakeHost& host) { EXPECT_TRUE(!host.is_loaded() || host.is_settled()); }

  void expect_unbroken(const FakeHost& host) {
    for (const std::string& violation : host.violations()) ADD_FAILURE() << violation;
  }

  // Readers must be able to read the state that a half-done command leaves.
  void expect_readable(FakeHost& host) {
    auto instance = Instance::open_for_reading(host);
    ASSERT_TRUE(instance) << instance.error().message;
    EXPECT_TRUE(instance->ports());
    EXPECT_TRUE(instance->networks());
    EXPECT_TRUE(instance->uplinks());
    EXPECT_TRUE(instance->fdb());
    EXPECT_TRUE(instance->nat({}));
    EXPECT_TRUE(instance->stats(""));
  }

  // A deleted device or a removed pin cannot be brought back when a later step fails.
  bool went_too_far(const FakeHost& host) {
    if (!GetParam().removes()) return false;
    return std::ranges::any_of(host.journal(), [](const std::string& line) {
      bool is_done = !line.ends_with("(failed)");
      return line.starts_with("remove_pins") || (line.starts_with("delete_link") && is_done);
    });
  }

  // Kills the command at its n-th change. Returns the changes it made before that.
  std::string kill(FakeHost& host, int n) {
    host.die_at(n);
    auto outcome = run(host, GetParam().command);
    EXPECT_FALSE(outcome && host.was_hit()) << "a failed change went unnoticed:\n"
                                            << journal_text(host);
    host.heal();
    std::string done;
    bool has_written = false;
    for (const std::string& line : host.journal()) {
      if (line.ends_with("(failed)")) continue;
      done += "  " + line + "\n";
      const bool is_write = line.starts_with("put ") || line.starts_with("erase ");
      has_written = line != "put meta 0" && (has_written || is_write);
    }
    EXPECT_FALSE(host.is_loaded() && has_written && host.is_settled()) << "after:\n" << done;
    return done;
  }

  // The order in which objects get shared resources. A restore retries a failed object last, so the
  // order may differ.
  enum class Order { kSame, kAny };

  void expect_convergence(FakeHost& host, const std::string& killed, Order order = Order::kSame) {
    auto outcome = run(host, GetParam().command);
    SCOPED_TRACE("killed after:\n" + killed + "then:\n" + journal_text(host));
    // A repeated removal may fail because the object is already gone. Only the state matters.
    EXPECT_TRUE(outcome || GetParam().removes()) << outcome.error().message;
    if (order == Order::kSame) {
      EXPECT_EQ(difference(undisturbed_, take_snapshot(host)), "");
    }
    expect_unbroken(host);
    expect_settled(host);
  }

  int steps_ = 0;
  Snapshot undisturbed_;
};

TEST_P(Fault, OneFailureRestoresTheState) {
  if (GetParam().is_restore()) GTEST_SKIP() << "Restore.OneFailureAffectsOneObject";
  for (int n = 1; n <= steps_ && !HasFailure(); n += stride(steps_, kEvery)) {
    FakeHost host;
    prepare(host, GetParam());
    Snapshot before = take_snapshot(host);
    host.fail_at(n);
    auto outcome = run(host, GetParam().command);
    SCOPED_TRACE("change " + std::to_string(n) + " of:\n" + journal_text(host));
    EXPECT_FALSE(outcome);
    expect_unbroken(host);
    if (went_too_far(host)) continue;
    expect_settled(host);
    EXPECT_EQ(difference_but_safer(before, take_snapshot(host)), "");
  }
}

TEST_P(Fault, AfterAFailureTheSameCommandSucceeds) {
  for (int n = 1; n <= steps_ && !HasFailure(); n += stride(steps_, kEvery)) {
    FakeHost host;
    prepare(host, GetParam());
    host.fail_at(n);
    (void)run(host, GetParam().command);
    host.heal();
    expect_convergence(host, journal_text(host),
                       GetParam().is_restore() ? Order::kAny : Order::kSame);
  }
}

TEST_P(Fault, AfterAKillTheSameCommandCompletes) {
  for (int n = 1; n <= steps_ && !HasFailure(); n += stride(steps_, kEvery)) {
    FakeHost host;
    prepare(host, GetParam());
    std::string killed = kill(host, n);
    expect_readable(host);
    expect_convergence(host, killed);
  }
}

// Kills the command at every pair of places. For a long command, the places are evenly spread.
TEST_P(Fault, AfterTwoKillsTheSameCommandCompletes) {
  const int step = stride(steps_, 40);
  for (int first = 1; first <= steps_; first += step) {
    for (int second = 1; second <= steps_ && !HasFailure(); second += step) {
      FakeHost host;
      prepare(host, GetParam());
      std::string killed = kill(host, first);
      killed += "and again after:\n" + kill(host, second);
      expect_convergence(host, killed);
    }
  }
}

TEST_P(Fault, AfterAKillDownRestoresTheHost) {
  FakeHost untouched;
  make_host(untouched);
  GetParam().world(untouched);
  Snapshot before = take_snapshot(untouched);
  GetParam().lasting(untouched);
  Snapshot changed_host = take_snapshot(untouched);
  for (int n = 1; n <= steps_ && !HasFailure(); n += stride(steps_, kEvery)) {
    FakeHost host;
    prepare(host, GetParam());
    std::string killed = kill(host, n);
    auto outcome = run(host, down());
    SCOPED_TRACE("killed after:\n" + killed + "then:\n" + journal_text(host));
    EXPECT_TRUE(outcome) << outcome.error().message;
    EXPECT_FALSE(host.is_loaded());
    expect_unbroken(host);
    Snapshot after = take_snapshot(host);
    if (difference_but_safer(changed_host, after).empty()) continue;
    EXPECT_EQ(difference_but_safer(before, after), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Fault, testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace xvnet::test
