// SPDX-License-Identifier: BSD-2-Clause
//
// A device that lost its programs and was renamed is still the same port. Another device with the
// same ifindex is not.
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
  EXPECT_EQ(view_of("tap8")->state, DeviceState::kUp);
  EXPECT_FALSE(kernel_.has("tap0"));
  EXPECT_EQ(kernel_.devices().size(), 2u);  // tap8 and lo
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

class RenamedPair : public OnFakeKernel {
 protected:
  RenamedPair() { must(add_network(lab())); }

  static NetworkRequest lab() {
    auto request = network("lab");
    request.host_addresses = {"10.5.0.1/24"};
    return request;
  }

  void expect_repaired() {
    must(set_network(lab()));
    EXPECT_TRUE(faults(kernel_).empty()) << faults(kernel_).front().detail;
    for (const char* name : {"xv-lab", "xp-lab"}) EXPECT_TRUE(kernel_.device(name).link.is_up);
    EXPECT_TRUE(kernel_.device("xv-lab").addresses.contains("10.5.0.1/24"));
    EXPECT_TRUE(is_live("xp-lab", Hook::kTcIngress));
    EXPECT_EQ(kernel_.devices().size(), 3u);  // the pair and lo
    must_do_nothing(set_network(lab()));
  }
};

TEST_F(RenamedPair, HasItsNamesAgain) {
  kernel_.rename("xv-lab", "bar");
  EXPECT_EQ(faults(kernel_).front().detail, "its host interface xv-lab was renamed to bar");
  expect_repaired();
  kernel_.rename("xp-lab", "bar");
  expect_repaired();
  kernel_.rename("xp-lab", "bar");
  kernel_.rename("xv-lab", "xp-lab");
  kernel_.rename("bar", "xv-lab");
  expect_repaired();
}

TEST_F(RenamedPair, WhoseNameIsTakenSaysSo) {
  kernel_.rename("xv-lab", "bar");
  kernel_.add_tap("xv-lab");
  refused(set_network(lab()), ErrorKind::kFailed, "another device");
}

// The other end is in another namespace, or came back with another ifindex.
TEST_F(RenamedPair, ThatIsNoPairAnyMoreIsMadeAnew) {
  kernel_.device("xp-lab").link.peer = 0;
  kernel_.rename("xv-lab", "elsewhere");
  expect_repaired();
}

}  // namespace
}  // namespace xvnet::test
