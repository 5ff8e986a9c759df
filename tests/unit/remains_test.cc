// SPDX-License-Identifier: BSD-2-Clause
//
// An instance that lost some of its pins is refused. `down` removes as much of it as can still be
// found.
#include "fixture.h"
#include "loader/show/doctor.h"

namespace xvnet::test {
namespace {

NetworkRequest lab() {
  auto request = network("lab");
  request.host_addresses = {"10.5.0.1/24"};
  return request;
}

class PartialInstance : public OnFakeHost {
 protected:
  PartialInstance() {
    host_.add_nic("eth0");
    host_.add_tap("vm0");
    must(add_uplink(uplink("eth0")));
    must(attach(on_vlan("vm0", 10)));
    must(attach(on_vlan("made", 10)));
    must(add_network(lab()));
  }

  Outcome take_down() {
    host_.start_process();
    auto instance = Instance::open_for_down(host_);
    if (!instance) throw std::runtime_error(instance.error().message);
    auto outcome = instance->down();
    if (!outcome) throw std::runtime_error(outcome.error().message);
    return *outcome;
  }

  std::vector<Finding> faults() {
    host_.start_process();
    auto findings = examine_instance(host_);
    if (!findings)
      return {{"instance", Health::kFail, findings.error().message, findings.error().hint}};
    std::erase_if(*findings, [](const Finding& each) { return each.health != Health::kFail; });
    return *findings;
  }

  void expect_nothing_left() {
    EXPECT_TRUE(host_.pins().empty());
    EXPECT_FALSE(host_.is_loaded());
    for (const auto& [ifindex, device] : host_.devices()) {
      EXPECT_FALSE(device.has_backstop) << device.link.name;
      EXPECT_FALSE(device.link.is_up && device.link.kind != LinkKind::kOther &&
                   !device.link.is_loopback)
          << device.link.name;
    }
    EXPECT_FALSE(host_.has("xv-lab"));
    EXPECT_FALSE(host_.has("xp-lab"));
  }
};

class InstanceWithoutTable : public PartialInstance, public testing::WithParamInterface<TableId> {};

TEST_P(InstanceWithoutTable, IsRemovedByDown) {
  host_.lose(GetParam());
  refused(attach(on_vlan("vm1", 10)));
  ASSERT_EQ(faults().size(), 1u);
  EXPECT_EQ(faults().front().fix, "«down»");
  const Outcome outcome = take_down();
  EXPECT_FALSE(outcome.warnings.empty());
  expect_nothing_left();
  must(attach(on_vlan("vm0", 10)));
}

INSTANTIATE_TEST_SUITE_P(Of, InstanceWithoutTable,
                         testing::Values(TableId::kInterfaces, TableId::kNetworks, TableId::kVlans,
                                         TableId::kMembers, TableId::kFdb, TableId::kLearners,
                                         TableId::kDevices, TableId::kStats, TableId::kPortRecords,
                                         TableId::kUplinkRecords, TableId::kNetworkRecords,
                                         TableId::kMeta));

TEST_F(PartialInstance, WithoutAnyPinIsRemovedByDown) {
  PortSet reserved;
  reserved.set(9100);
  ASSERT_TRUE(host_.set_reserved_ports(reserved));
  host_.lose_pins();
  ASSERT_EQ(faults().size(), 1u);
  EXPECT_EQ(faults().front().fix, "«down»");
  const Outcome outcome = take_down();
  EXPECT_TRUE(std::ranges::any_of(outcome.warnings, [](const std::string& warning) {
    return warning.contains("net.ipv4.ip_local_reserved_ports reserves 9100");
  }));
  expect_nothing_left();
  EXPECT_TRUE(faults().empty());
}

// Without a record, xvnet cannot know that it made the device. So it keeps the device and warns.
TEST_F(PartialInstance, WithoutRecordsKeepsItsDevicesWithAWarning) {
  host_.lose(TableId::kPortRecords);
  const Outcome outcome = take_down();
  for (const std::string name : {"vm0", "made"}) {
    EXPECT_TRUE(host_.has(name));
    EXPECT_TRUE(std::ranges::any_of(outcome.warnings, [&](const std::string& warning) {
      return warning.starts_with("\"" + name + "\": ");
    })) << name;
  }
}

TEST_F(PartialInstance, MissingProgramsAreReported) {
  host_.lose(Program::kTcFromVm);
  ASSERT_EQ(faults().size(), 1u);
  EXPECT_NE(faults().front().detail.find("tc_from_vm"), std::string::npos);
  EXPECT_EQ(faults().front().fix, "«upgrade»");
}

}  // namespace
}  // namespace xvnet::test
