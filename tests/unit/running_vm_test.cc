// SPDX-License-Identifier: BSD-2-Clause
//
// `down` keeps a TAP that a VM has open, and a later attach recognizes it.
#include "fixture.h"
#include "loader/base/change.h"

namespace xvnet::test {
namespace {

class RunningVm : public OnFakeHost {
 protected:
  RunningVm() {
    request.owner = "1000";
    request.queues = 4;
    must(attach(request));
    host_.device("tap0").link.is_open = true;
    ifindex = host_.device("tap0").link.ifindex;
  }
  DesiredState saved() {
    auto instance = Instance::open_for_reading(host_);
    auto state = instance->desired_state();
    EXPECT_TRUE(state);
    return *state;
  }
  void expect_kept(const Outcome& outcome) {
    ASSERT_EQ(outcome.warnings.size(), 1u);
    EXPECT_TRUE(outcome.warnings[0].starts_with("\"tap0\": not deleted")) << outcome.warnings[0];
    ASSERT_TRUE(host_.has("tap0"));
    EXPECT_EQ(host_.device("tap0").link.ifindex, ifindex);
    EXPECT_FALSE(host_.device("tap0").link.is_up);
  }
  void expect_deleted_without_a_vm() {
    EXPECT_TRUE(view_of("tap0")->created);
    EXPECT_EQ(host_.device("tap0").link.alias, "");
    host_.device("tap0").link.is_open = false;
    EXPECT_TRUE(must(down()).warnings.empty());
    EXPECT_FALSE(host_.has("tap0"));
  }

  PortRequest request = on_vlan("tap0", 10);
  std::uint32_t ifindex = 0;
};

TEST_F(RunningVm, KeepsItsTapOnDown) {
  const DesiredState state = saved();
  expect_kept(must(down()));
  EXPECT_FALSE(host_.is_loaded());
  must(restore(state));
  EXPECT_TRUE(host_.device("tap0").link.is_up);
  must_do_nothing(restore(state));
  expect_deleted_without_a_vm();
}

TEST_F(RunningVm, KeepsItsTapOnDetach) {
  expect_kept(must(detach("tap0", true)));
  EXPECT_FALSE(view_of("tap0"));
  must(attach(request));
  must_do_nothing(attach(request));
  expect_deleted_without_a_vm();
}

// Neither the state file nor the operator may know the options with which the TAP was made.
TEST_F(RunningVm, KeepsItsTapOptionsInTheSavedState) {
  must(down());
  must(attach(on_vlan("tap0", 10)));
  ASSERT_EQ(saved().ports.size(), 1u);
  EXPECT_EQ(saved().ports[0].owner, "1000");
  EXPECT_GT(saved().ports[0].queues.value_or(0), 1u);
  EXPECT_TRUE(saved().ports[0].create);
}

TEST_F(RunningVm, KeepsItsQueuesOnReplace) {
  PortRequest moved = on_vlan("tap0", 20);
  moved.replace = true;
  must(attach(moved));
  EXPECT_EQ(saved().ports[0].queues, 4u);
}

TEST_F(RunningVm, RefusesADifferingTapOwner) {
  must(down());
  request.owner = "1001";
  refused(attach(request), ErrorKind::kFailed, "owner");
}

// The operator's alias stays. The TAP then counts as the operator's own.
TEST_F(RunningVm, KeepsTheOperatorsAlias) {
  host_.device("tap0").link.alias = "alice's";
  expect_kept(must(down()));
  EXPECT_EQ(host_.device("tap0").link.alias, "alice's");
  must(attach(on_vlan("tap0", 10)));
  EXPECT_FALSE(view_of("tap0")->created);
}

TEST_F(RunningVm, OnAForeignTapNeedsNoWarning) {
  host_.add_tap("tap1");
  must(attach(on_vlan("tap1", 10)));
  EXPECT_TRUE(must(detach("tap1")).warnings.empty());
  EXPECT_EQ(host_.device("tap1").link.alias, "");
}

}  // namespace
}  // namespace xvnet::test
