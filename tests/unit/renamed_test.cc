// SPDX-License-Identifier: BSD-2-Clause
//
// A device that lost its programs and got another name is the port that it was; one that is only
// like it is not.
#include "fixture.h"
#include "loader/doctor.h"

namespace xvnet::test {
namespace {

std::vector<Finding> faults(FakeKernel& kernel) {
  kernel.start_process();
  auto findings = examine_instance(kernel);
  if (!findings) throw std::runtime_error(findings.error().message);
  std::erase_if(*findings, [](const Finding& each) { return each.health == Health::kOk; });
  return *findings;
}

class Renamed : public OnFakeKernel {
 protected:
  Renamed() { must(attach(on_vlan("tap0", 10))); }
};

TEST_F(Renamed, WithoutProgramsItIsTheSamePort) {
  kernel_.evict("tap0", Hook::kTcIngress);
  kernel_.rename("tap0", "tap8");
  ASSERT_FALSE(faults(kernel_).empty());
  EXPECT_EQ(faults(kernel_).front().check, "port tap8");
  EXPECT_EQ(faults(kernel_).front().fix, "xvnet attach tap8 --vlan 10");
  EXPECT_EQ(must(attach(on_vlan("tap8", 10))).created_tap, "");
  EXPECT_EQ(view_of("tap8")->state, "up");
  EXPECT_FALSE(kernel_.has("tap0"));
  EXPECT_EQ(kernel_.devices().size(), 2u);  // and lo
}

TEST_F(Renamed, AStrangerOfItsNumberIsNot) {
  kernel_.recreate_with_same_ifindex("tap0");
  kernel_.evict("tap0", Hook::kTcIngress);
  kernel_.rename("tap0", "tap8");
  ASSERT_FALSE(faults(kernel_).empty());
  EXPECT_EQ(faults(kernel_).front().check, "port tap0");
  EXPECT_EQ(must(attach(on_vlan("tap0", 10))).created_tap, "tap0");
  EXPECT_FALSE(is_live("tap8", Hook::kTcIngress));
}

}  // namespace
}  // namespace xvnet::test
