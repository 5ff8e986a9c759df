// SPDX-License-Identifier: BSD-2-Clause
//
// The desired state: read back from the records, and brought about again.
#include "fixture.h"

namespace xvnet::test {
namespace {

class Restore : public OnFakeKernel {
 protected:
  Restore() {
    kernel_.add_nic("eth0");
    kernel_.add_veth("veth0", "far0");
  }

  DesiredState saved() {
    kernel_.start_process();
    auto instance = Instance::open_for_reading(kernel_);
    EXPECT_TRUE(instance);
    auto state = instance->desired_state();
    EXPECT_TRUE(state) << state.error().message;
    return *state;
  }

  void make_everything() {
    must(add_uplink(uplink_with("eth0", {10, 20, 30})));
    auto lab = network("lab");
    lab.host_addresses = {"10.5.0.1/24", "2001:db8::1/64"};
    lab.ageing_s = 60;
    must(add_network(lab));
    auto port = on_vlan("tap0", 10);
    port.mac = Mac{2, 0, 0, 0, 0, 1};
    port.owner = "1000";
    port.queues = 4;
    port.mtu = 1400;
    port.max_macs = 7;
    port.guest_offloads = false;
    must(attach(port));
    must(attach(in_network("tap1", "lab")));
    auto container = on_vlan("veth0", 20);
    container.mode = Mode::kTc;
    must(attach(container));
  }

  static std::set<std::string> without_numbers(const FakeKernel& kernel) {
    return take_snapshot(kernel).lines;
  }
};

TEST_F(Restore, OfNothingIsNothing) {
  const DesiredState state = saved();
  EXPECT_TRUE(state.uplinks.empty() && state.networks.empty() && state.ports.empty());
}

TEST_F(Restore, BringsBackWhatDownTookAway) {
  make_everything();
  const DesiredState state = saved();
  const auto before = without_numbers(kernel_);
  must(down());
  EXPECT_NE(without_numbers(kernel_), before);
  must(restore(state));
  EXPECT_EQ(without_numbers(kernel_), before);
}

TEST_F(Restore, AgainChangesNothing) {
  make_everything();
  must_do_nothing(restore(saved()));
}

TEST_F(Restore, LeavesImplicitNetworksToTheirPorts) {
  must(attach(on_vlan("tap0", 10)));
  const DesiredState state = saved();
  EXPECT_TRUE(state.networks.empty());
  ASSERT_EQ(state.ports.size(), 1U);
  EXPECT_EQ(state.ports[0].vid, 10);
}

TEST_F(Restore, AMissingDeviceOfAnotherIsLeftOutWithAWarning) {
  make_everything();
  const DesiredState state = saved();
  must(down());
  kernel_.remove("veth0");
  kernel_.remove("eth0");
  const Outcome outcome = must(restore(state));
  EXPECT_EQ(outcome.warnings.size(), 2U);
  EXPECT_TRUE(view_of("tap0"));
  EXPECT_FALSE(kernel_.has("veth0"));
}

TEST_F(Restore, OneDeviceLeavesTheOthersAlone) {
  make_everything();
  const DesiredState state = saved();
  must(down());
  const Outcome outcome = must(restore(state, "veth0"));
  EXPECT_TRUE(outcome.warnings.empty());
  EXPECT_TRUE(view_of("veth0"));
  EXPECT_FALSE(view_of("tap0"));
}

TEST_F(Restore, APortThatDiffersIsRefusedAndNothingChanges) {
  make_everything();
  DesiredState state = saved();
  state.ports.back().vid = 30;
  state.ports.insert(state.ports.begin(), on_vlan("new0", 10));
  refused(restore(state), ErrorKind::kFailed, "attached differently");
}

TEST_F(Restore, APortThatIsGoneIsSavedAllTheSame) {
  make_everything();
  kernel_.remove("veth0");
  EXPECT_EQ(saved().ports.size(), 3U);
}

}  // namespace
}  // namespace xvnet::test
