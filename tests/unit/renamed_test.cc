// SPDX-License-Identifier: BSD-2-Clause
//
// A device that lost its programs and was renamed is still the same port. Another device with the
// same ifindex is not.
#include "fixture.h"
#include "loader/show/doctor.h"

namespace xvnet::test {
namespace {

std::vector<Finding> faults(FakeHost& host) {
  host.start_process();
  auto findings = examine_instance(host);
  if (!findings) throw std::runtime_error(findings.error().message);
  std::erase_if(*findings, [](const Finding& each) { return each.health == Health::kOk; });
  return *findings;
}

class RenamedPort : public OnFakeHost {
 protected:
  RenamedPort() { must(attach(on_vlan("tap0", 10))); }
};

TEST_F(RenamedPort, WithoutProgramsIsTheSamePort) {
  host_.evict("tap0", Hook::kTcIngress);
  host_.rename("tap0", "tap8");
  ASSERT_FALSE(faults(host_).empty());
  EXPECT_EQ(faults(host_).front().check, "port tap8");
  EXPECT_EQ(faults(host_).front().fix, "«attach» tap8 ‹vlan› 10");
  EXPECT_EQ(must(attach(on_vlan("tap8", 10))).created_tap, "");
  EXPECT_EQ(view_of("tap8")->state, DeviceState::kUp);
  EXPECT_FALSE(host_.has("tap0"));
  EXPECT_EQ(host_.devices().size(), 2u);  // tap8 and lo
}

TEST_F(RenamedPort, ForeignDeviceWithItsIfindexIsNotThePort) {
  host_.recreate_with_same_ifindex("tap0");
  host_.evict("tap0", Hook::kTcIngress);
  host_.rename("tap0", "tap8");
  ASSERT_FALSE(faults(host_).empty());
  EXPECT_EQ(faults(host_).front().check, "port tap0");
  EXPECT_EQ(must(attach(on_vlan("tap0", 10))).created_tap, "tap0");
  EXPECT_FALSE(is_live("tap8", Hook::kTcIngress));
}

class RenamedHostInterface : public OnFakeHost {
 protected:
  RenamedHostInterface() { must(add_network(lab())); }

  static NetworkRequest lab() {
    auto request = network("lab");
    request.host_addresses = {"10.5.0.1/24"};
    return request;
  }

  void expect_repaired() {
    must(set_network(lab()));
    EXPECT_TRUE(faults(host_).empty()) << faults(host_).front().detail;
    for (const char* name : {"xv-lab", "xp-lab"}) EXPECT_TRUE(host_.device(name).link.is_up);
    EXPECT_TRUE(host_.device("xv-lab").addresses.contains("10.5.0.1/24"));
    EXPECT_TRUE(is_live("xp-lab", Hook::kTcIngress));
    EXPECT_EQ(host_.devices().size(), 3u);  // the pair and lo
    must_do_nothing(set_network(lab()));
  }
};

TEST_F(RenamedHostInterface, GetsItsNamesBack) {
  host_.rename("xv-lab", "bar");
  EXPECT_EQ(faults(host_).front().detail, "its host interface \"xv-lab\" was renamed to \"bar\"");
  expect_repaired();
  host_.rename("xp-lab", "bar");
  expect_repaired();
  host_.rename("xp-lab", "bar");
  host_.rename("xv-lab", "xp-lab");
  host_.rename("bar", "xv-lab");
  expect_repaired();
}

TEST_F(RenamedHostInterface, ReportsThatItsNameIsInUse) {
  host_.rename("xv-lab", "bar");
  host_.add_tap("xv-lab");
  refused(set_network(lab()), ErrorKind::kFailed, "another device");
}

// The other end is in another namespace, or came back with another ifindex.
TEST_F(RenamedHostInterface, BrokenPairIsRecreated) {
  host_.device("xp-lab").link.peer = 0;
  host_.rename("xv-lab", "elsewhere");
  expect_repaired();
}

}  // namespace
}  // namespace xvnet::test
