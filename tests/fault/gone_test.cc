// SPDX-License-Identifier: BSD-2-Clause
//
// An instance may outlive its network namespace. `down` removes such an instance from any other
// namespace, but never one whose namespace still exists.
#include <filesystem>

#include "lab.h"
#include "pins.h"

namespace xvnet::test {
namespace {

class InstanceWithoutNamespace : public InMode {
 protected:
  static CommandResult down(const NetNs& ns, const std::string& instance) {
    return ns.run({xvnet_binary(), "--instance", instance, "down"});
  }

  static void expect_refused(const NetNs& ns, const std::string& instance) {
    const CommandResult result = down(ns, instance);
    EXPECT_EQ(result.exit_code, kFailed) << result.describe();
    EXPECT_EQ(error_problems(result, {instance, "namespace", "hint: ", pin_root(instance)}), "");
  }

  // Makes an instance with an uplink, a port and a host interface, then deletes its namespace.
  std::string instance_without_namespace() const {
    const std::string instance = "t" + unique_suffix();
    const NetNs past;
    add_veth(past, "eth0", elsewhere, "w-eth0");
    for (const Words& words :
         {with_mode({"uplink", "add", "eth0"}), with_mode({"attach", "tap0", "--vlan", "10"}),
          Words{"network", "add", "lab", "--host-address", "10.5.0.1/24"}}) {
      Words command = {xvnet_binary(), "--instance", instance};
      command.insert(command.end(), words.begin(), words.end());
      past.must(command);
    }
    return instance;
  }

  // A clsact filter does not show whether its device is gone. Its pinned program stands for it.
  static bool has_filters(const std::string& instance) {
    for (const auto& pin : std::filesystem::directory_iterator(own_pins(instance) + "/links"))
      if (pin.path().native().ends_with("-filter")) return true;
    return false;
  }

  const NetNs elsewhere;
};
XVNET_IN_BOTH_MODES(InstanceWithoutNamespace);

TEST_P(InstanceWithoutNamespace, IsRemovedByDownFromAnyNamespace) {
  const std::string instance = instance_without_namespace();
  if (has_filters(instance)) {
    expect_refused(elsewhere, instance);
    std::filesystem::remove_all(pin_root(instance));
  }
  EXPECT_TRUE(eventually([&] { return down(elsewhere, instance).ok(); }));
  EXPECT_FALSE(std::filesystem::exists(pin_root(instance)));
}

TEST_P(InstanceWithoutNamespace, IsKeptIfItsNamespaceStillExists) {
  uplink("eth0");
  Tap& sender = vm_in_vlan("tap0", 10);
  lab.host.attach("tap1", with_mode({"--vlan", "10"}));
  delete_link(lab.ns(), "tap1");
  const std::string before = lab.host.state();
  expect_refused(elsewhere, lab.host.instance());
  EXPECT_EQ(lab.host.state(), before);
  const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
  const Frame tagged = udp4(Ends::between(kMacA, kBroadcast)).tagged(20);
  sender.send(frame);
  sender.send(tagged);
  EXPECT_EQ(lab.where(frame), Places{"wire:eth0"});
  EXPECT_EQ(lab.where(tagged), Places{});
}

TEST_P(InstanceWithoutNamespace, IsKeptIfItHasOnlyNetworks) {
  lab.host.must({"network", "add", "lab"});
  expect_refused(elsewhere, lab.host.instance());
  EXPECT_FALSE(lab.host.network("lab").is_null());
}

}  // namespace
}  // namespace xvnet::test
