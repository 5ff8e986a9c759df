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
    FakeHost host;
    prepare(host, GetParam());
    std::vector<std::string> names;
    for (const auto& [ifindex, device] : host.devices())
      if (ifindex != LOOPBACK_IFINDEX) names.push_back(device.link.name);
    return names;
  }

  static int calls_without() {
    FakeHost host;
    prepare(host, GetParam());
    host.vanish_at(0, "");
    EXPECT_TRUE(run(host, GetParam().command));
    return host.calls();
  }

  // The state that a failed command must leave: as if the device had vanished before the command.
  struct Before {
    Snapshot snapshot;
    bool is_refused;
  };
  static Before before_without(const std::string& name) {
    FakeHost host;
    prepare(host, GetParam());
    host.remove(name);
    Before before{take_snapshot(host), false};
    before.is_refused = !run(host, GetParam().command);
    return before;
  }

  // The device that the command names is gone, or one end of a veth pair that vanished together.
  static bool names_a_gone_device(const FakeHost& host, const std::string& message) {
    const auto begin = message.find('"') + 1;
    const auto end = message.find('"', begin);
    return message.ends_with("\": the device is gone") &&
           !host.has(message.substr(begin, end - begin));
  }

  static void expect_whole(FakeHost& host) {
    for (const std::string& violation : host.violations()) ADD_FAILURE() << violation;
    EXPECT_TRUE(!host.is_loaded() || host.is_settled());
  }

  static void expect_down_works(FakeHost& host) {
    host.vanish_at(0, "");
    const auto outcome = run(host, down());
    EXPECT_TRUE(outcome) << outcome.error().message;
    EXPECT_TRUE(host.pins().empty());
    expect_whole(host);
  }

  void vanish(const std::string& name, int n, const Before& before) {
    FakeHost host;
    prepare(host, GetParam());
    host.vanish_at(n, name);
    const auto outcome = run(host, GetParam().command);
    SCOPED_TRACE(name + " vanishes at call " + std::to_string(n) + " of:\n" + journal_text(host));
    expect_whole(host);
    if (!outcome) {
      const std::string& message = outcome.error().message;
      const bool is_asked_for = names_a_gone_device(host, message);
      EXPECT_TRUE(is_asked_for || before.is_refused) << message;
      EXPECT_EQ(message.find("could not undo"), std::string::npos) << message;
      EXPECT_EQ(difference_but_safer(before.snapshot, take_snapshot(host)), "") << message;
    }
    expect_down_works(host);
  }
};

TEST_P(Vanish, OfADeviceAffectsNothingElse) {
  const int calls = calls_without();
  for (const std::string& name : devices()) {
    const Before before = before_without(name);
    for (int n = 1; n <= calls && !HasFailure(); n += stride(calls, 60)) vanish(name, n, before);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Vanish, testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

Result<Outcome> upgrade(FakeHost& host) {
  host.start_process();
  XVNET_ASSIGN(instance, Instance::open_for_upgrade(host));
  return instance.upgrade();
}

TEST(VanishDuringUpgrade, OfADeviceAffectsNothingElse) {
  for (int n = 1, calls = 1; n <= calls && !testing::Test::HasFailure(); n++) {
    FakeHost host;
    host.add_nic("eth0");
    ASSERT_TRUE(run(host, add_uplink(uplink("eth0"))));
    ASSERT_TRUE(run(host, attach(on_vlan("tap0", 10))));
    ASSERT_TRUE(run(host, attach(on_vlan("tap1", 10))));
    host.set_build("second");
    host.vanish_at(n, "tap0");
    const auto outcome = upgrade(host);
    ASSERT_TRUE(outcome) << outcome.error().message << "\nat call " << n;
    calls = std::max(calls, host.calls());
    for (const auto& [where, pin] : host.pins())
      EXPECT_TRUE(pin.build == "second" || !host.devices().contains(where.first)) << n;
  }
}

}  // namespace
}  // namespace xvnet::test
