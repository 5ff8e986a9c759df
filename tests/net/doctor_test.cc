// SPDX-License-Identifier: BSD-2-Clause
//
// `xvnet doctor` on the machine that runs the tests: its findings about this kernel, and about a
// working instance in each mode.
#include "lab.h"

namespace xvnet::test {
namespace {

std::set<std::string> checks(const nlohmann::json& findings) {
  std::set<std::string> names;
  for (const auto& finding : findings) names.insert(finding.at("check").get<std::string>());
  return names;
}

TEST(Doctor, FindsNoFaultOnThisMachine) {
  const Lab lab;
  const CommandResult result = lab.host.xvnet({"doctor"});
  EXPECT_EQ(result.exit_code, 0) << result.describe();
  const std::set<std::string> names = checks(lab.host.json({"doctor"}));
  for (const char* name :
       {"kernel", "capabilities", "bpffs", "jit", "btf", "lockdown", "tcx", "shared xdp"})
    EXPECT_TRUE(names.contains(name)) << name << " in\n" << result.out;
  RecordProperty("said", result.out);
}

class DoctorInMode : public InMode {};
XVNET_IN_BOTH_MODES(DoctorInMode);

TEST_P(DoctorInMode, FindsNoFaultInAWorkingInstance) {
  uplink("eth0");
  vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 20);
  const CommandResult result = lab.host.xvnet({"doctor"});
  EXPECT_EQ(result.exit_code, 0) << result.describe();
  for (const auto& finding : lab.host.json({"doctor"})) {
    EXPECT_NE(finding.at("status"), "fail") << finding.dump();
  }
}

}  // namespace
}  // namespace xvnet::test
