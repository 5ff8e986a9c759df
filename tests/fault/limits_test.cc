// SPDX-License-Identifier: BSD-2-Clause
//
// Full tables. The command that finds no room is refused with a reason and leaves nothing half
// attached. Existing ports are not affected.
#include "lab.h"
#include "pins.h"

namespace xvnet::test {
namespace {

class Full : public ::testing::Test {
 protected:
  Full() {
    lab.add_uplink("eth0");
    lab.add_vm("tap0", {"--vlan", "10"});
    lab.add_vm("tap1", {"--vlan", "10"});
    lab.add_vm("tap2", {"--vlan", "20"});
    lab.listen_to_host();
  }

  void expect_refused(const Words& args, const std::string& word) {
    const std::string before = lab.host.state();
    const CommandResult result = lab.host.xvnet(args);
    EXPECT_EQ(result.exit_code, kFailed) << result.describe();
    EXPECT_EQ(error_problems(result, {word}), "");
    EXPECT_EQ(lab.host.state(), before);
    EXPECT_FALSE(exists(lab.ns(), "tap5"));
  }

  void expect_carries(const std::string& tap, const Places& to) {
    const Frame frame = udp4(Ends::between(kMacUnknown, kBroadcast));
    lab.vm(tap).send(frame);
    EXPECT_EQ(lab.where(frame), to);
  }

  void expect_all_carry() {
    expect_carries("tap0", {"tap1", "wire:eth0"});
    expect_carries("tap1", {"tap0", "wire:eth0"});
    expect_carries("tap2", {"wire:eth0"});
  }

  Lab lab;
};

class FullTable : public Full, public ::testing::WithParamInterface<const char*> {};

TEST_P(FullTable, RefusesTheNextPortAndKeepsTheOthers) {
  const Words one_more = {"attach", "tap5", "--vlan", "30", "--mac", kMacD};
  {
    const FilledTable full(lab.host.instance(), GetParam());
    expect_refused(one_more, GetParam());
    expect_all_carry();
  }
  lab.host.must(one_more);
  lab.open_vm("tap5");
  expect_carries("tap5", {"wire:eth0"});
  expect_all_carry();
}
INSTANTIATE_TEST_SUITE_P(Each, FullTable,
                         ::testing::Values("interfaces", "members", "port_records",
                                           "network_records"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(Full, NetworkRefusesAnotherMemberAndKeepsForwarding) {
  fill_members(lab.host.instance(), lab.host.network("vlan10").at("id"));
  expect_refused({"attach", "tap5", "--vlan", "10"}, "512 ports");
  expect_all_carry();
  lab.host.attach("tap5", {"--vlan", "20"});
  lab.open_vm("tap5");
  expect_carries("tap5", {"tap2", "wire:eth0"});
}

}  // namespace
}  // namespace xvnet::test
