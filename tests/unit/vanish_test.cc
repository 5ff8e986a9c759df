// SPDX-License-Identifier: BSD-2-Clause
//
// A device may vanish while a command runs. Each command is tested with each device at many places.
// A vanished device needs no further work, and only a command that names the device reports it.
#include "scenarios.h"

namespace xvnet::test {
namespace {

class Vanish : public testing::TestWithParam<Scenario> {
 protected:
  static std::vector<std::string> devices() {
    FakeKernel kernel;
    prepare(kernel, GetParam());
    std::vector<std::string> names;
    for (const auto& [ifindex, device] : kernel.devices())
      if (ifindex != LOOPBACK_IFINDEX) names.push_back(device.link.name);
    return names;
  }

  static int calls_without() {
    FakeKernel kernel;
    prepare(kernel, GetParam());
    kernel.vanish_at(0, "");
    EXPECT_TRUE(run(kernel, GetParam().command));
    return kernel.calls();
  }

  // The state that a failed command must leave: as if the device had vanished before the command.
  struct Before {
    Snapshot snapshot;
    bool is_refused;
  };
  static Before before_without(const std::string& name) {
    FakeKernel kernel;
    prepare(kernel, GetParam());
    kernel.remove(name);
    Before before{take_snapshot(kernel), false};
    before.is_refused = !run(kernel, GetParam().command);
    return before;
  }

  // The device that the command names is gone, or one end of a veth pair that vanished together.
  static bool names_a_gone_device(const FakeKernel& kernel, const std::string& message) {
    const auto begin = message.find('"') + 1;
    const auto end = message.find('"', begin);
    return message.ends_with("\": the device is gone") &&
           !kernel.has(message.substr(begin, end - begin));
  }

  static void expect_whole(FakeKernel& kernel) {
    for (const std::string& violation : kernel.violations()) ADD_FAILURE() << violation;
    EXPECT_TRUE(!kernel.is_loaded() || kernel.is_settled());
  }

  static void expect_down_works(FakeKernel& kernel) {
    kernel.vanish_at(0, "");
    const auto outcome = run(kernel, down());
    EXPECT_TRUE(outcome) << outcome.error().message;
    EXPECT_TRUE(kernel.pins().empty());
    expect_whole(kernel);
  }

  void vanish(const std::string& name, int n, const Before& before) {
    FakeKernel kernel;
    prepare(kernel, GetParam());
    kernel.vanish_at(n, name);
    const auto outcome = run(kernel, GetParam().command);
    SCOPED_TRACE(name + " vanishes at call " + std::to_string(n) + " of:\n" + journal_text(kernel));
    expect_whole(kernel);
    if (!outcome) {
      const std::string& message = outcome.error().message;
      const bool is_asked_for = names_a_gone_device(kernel, message);
      EXPECT_TRUE(is_asked_for || before.is_refused) << message;
      EXPECT_EQ(message.find("could not undo"), std::string::npos) << message;
      EXPECT_EQ(difference_but_safer(before.snapshot, take_snapshot(kernel)), "") << message;
    }
    expect_down_works(kernel);
  }
};

TEST_P(Vanish, OfADeviceTakesNothingElseAlong) {
  const int calls = calls_without();
  for (const std::string& name : devices()) {
    const Before before = before_without(name);
    for (int n = 1; n <= calls && !HasFailure(); n += stride(calls, 60)) vanish(name, n, before);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Vanish, testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

Result<Outcome> upgrade(FakeKernel& kernel) {
  kernel.start_process();
  XVNET_ASSIGN(instance, Instance::open_for_upgrade(kernel));
  return instance.upgrade();
}

TEST(VanishDuringUpgrade, OfADeviceTakesNothingElseAlong) {
  for (int n = 1, calls = 1; n <= calls && !testing::Test::HasFailure(); n++) {
    FakeKernel kernel;
    kernel.add_nic("eth0");
    ASSERT_TRUE(run(kernel, add_uplink(uplink("eth0"))));
    ASSERT_TRUE(run(kernel, attach(on_vlan("tap0", 10))));
    ASSERT_TRUE(run(kernel, attach(on_vlan("tap1", 10))));
    kernel.set_build("second");
    kernel.vanish_at(n, "tap0");
    const auto outcome = upgrade(kernel);
    ASSERT_TRUE(outcome) << outcome.error().message << "\nat call " << n;
    calls = std::max(calls, kernel.calls());
    for (const auto& [where, pin] : kernel.pins())
      EXPECT_TRUE(pin.build == "second" || !kernel.devices().contains(where.first)) << n;
  }
}

}  // namespace
}  // namespace xvnet::test
