// SPDX-License-Identifier: BSD-2-Clause
//
// The next command repairs the state that a killed command leaves, whichever command it is. It does
// not touch the objects of other owners.
#include "loader/base/tables.h"
#include "scenarios.h"

namespace xvnet::test {
namespace {

// Kills the command at its n-th change. Returns false when the command makes fewer changes.
bool kill_at(FakeHost& host, const Command& command, int n) {
  host.die_at(n);
  (void)run(host, command);
  bool was_hit = host.was_hit();
  host.heal();
  return was_hit;
}

TEST(RecoverDevice, KeepsAForeignDeviceWithThePlannedName) {
  for (int n = 1;; ++n) {
    FakeHost host;
    make_host(host);
    if (!kill_at(host, attach(on_vlan("new0", 10)), n)) break;
    if (host.has("new0")) continue;
    host.add_tap("new0").link.is_up = true;
    ASSERT_TRUE(run(host, attach(on_vlan("tap0", 20))));
    SCOPED_TRACE("killed at change " + std::to_string(n) + ", then:\n" + journal_text(host));
    ASSERT_TRUE(host.has("new0"));
    EXPECT_TRUE(host.device("new0").link.is_up);
  }
}

class StateRecovery : public OnFakeHost {
 protected:
  StateRecovery() {
    make_host(host_);
    must(add_uplink(uplink("eth0")));
    must(attach(on_vlan("tap0", 10)));
    must(attach(on_untagged("tap1")));
  }

  int walks() {
    return host_.fake_table(TableId::kFdb).walks() + host_.fake_table(TableId::kLearners).walks();
  }

  // Adds an entry that belongs to no network, as a killed command leaves it.
  void leave_a_learner() {
    host_.fake_table(TableId::kLearners)
        .set(to_bytes(abi::learner_key{77, 88}), to_bytes(abi::learner{}));
  }
  bool has_left_learner() {
    return host_.fake_table(TableId::kLearners).raw().contains(to_bytes(abi::learner_key{77, 88}));
  }
};

TEST_F(StateRecovery, SkipsFdbAndLearnersAfterACompletedCommand) {
  const int before = walks();
  must(attach(on_vlan("new0", 10)));
  must(attach(on_vlan("new1", 20)));
  must(detach("new1", true));
  must(detach("tap1"));
  must(add_network(vlan_network("lab", 30)));
  must(set_network(vlan_network("lab", 31)));
  must(remove_network("lab"));
  must(detach("tap0"));
  must(remove_uplink("eth0"));
  EXPECT_EQ(walks(), before);
}

TEST_F(StateRecovery, RepairsFdbAndLearnersOnceAfterAKill) {
  host_.die_at(4);
  EXPECT_FALSE(run(host_, attach(on_vlan("new0", 10))));
  host_.heal();
  EXPECT_FALSE(host_.is_settled());
  leave_a_learner();
  must(detach("tap0"));
  EXPECT_FALSE(has_left_learner());
  EXPECT_TRUE(host_.is_settled());
  const int before = walks();
  must(attach(on_vlan("tap0", 10)));
  EXPECT_EQ(walks(), before);
}

TEST_F(StateRecovery, IsNotNeededAfterAnUndoneCommand) {
  host_.fail_at(6);
  EXPECT_FALSE(run(host_, attach(on_vlan("new0", 10))));
  host_.heal();
  EXPECT_TRUE(host_.is_settled());
}

TEST_F(StateRecovery, RepairsACommandThatCouldNotBeUndone) {
  host_.refuse_removal_from(TableId::kStats);
  host_.fail_at(12);
  const auto outcome = run(host_, attach(on_vlan("new0", 10)));
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message.find("could not undo"), std::string::npos);
  host_.heal();
  EXPECT_FALSE(host_.is_settled());
  leave_a_learner();
  must(attach(on_vlan("new0", 10)));
  EXPECT_FALSE(has_left_learner());
  EXPECT_TRUE(host_.is_settled());
}

TEST_F(StateRecovery, RunsOnEveryFullRestore) {
  leave_a_learner();
  must(restore(DesiredState{}, "eth0"));
  EXPECT_TRUE(has_left_learner());
  must(restore(DesiredState{}));
  EXPECT_FALSE(has_left_learner());
}

// An instance of an older xvnet has no mark, and its last command may have been killed.
TEST_F(StateRecovery, RunsForAnInstanceWithoutAMark) {
  auto& meta = host_.fake_table(TableId::kMeta);
  auto value = meta.typed<std::uint32_t, abi::meta>().front().second;
  value.settled = 0;
  meta.set(to_bytes(std::uint32_t{0}), to_bytes(value));
  leave_a_learner();
  must(attach(on_vlan("tap0", 10)));
  EXPECT_FALSE(has_left_learner());
  EXPECT_TRUE(host_.is_settled());
}

class RecoverScenario : public testing::TestWithParam<Scenario> {};

TEST_P(RecoverScenario, AnotherCommandSucceedsAfterAKill) {
  FakeHost undisturbed;
  prepare(undisturbed, GetParam());
  undisturbed.heal();
  (void)run(undisturbed, GetParam().command);
  for (int n = 1; !HasFailure(); n += stride(undisturbed.steps(), kEvery)) {
    FakeHost host;
    prepare(host, GetParam());
    host.add_tap("other0");
    if (!kill_at(host, GetParam().command, n)) break;
    auto outcome = run(host, attach(on_vlan("other0", 3000)));
    SCOPED_TRACE("killed at change " + std::to_string(n) + ", then:\n" + journal_text(host));
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_TRUE(host.device("other0").link.is_up);
    for (const std::string& violation : host.violations()) ADD_FAILURE() << violation;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, RecoverScenario, testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace xvnet::test
