// SPDX-License-Identifier: BSD-2-Clause
//
// The hook that a device gets, and the device settings that change for it (loader/base/mode.h).
#include "loader/base/mode.h"

#include "fixture.h"

namespace xvnet::test {
namespace {

class ModeTable : public OnFakeHost {
 protected:
  Result<ModeChoice> choose(const std::string& name, const ModeQuestion& question) {
    return choose_mode(host_, host_.device(name).link, question);
  }

  static ModeQuestion of_port(Mode asked, bool guest_offloads = true) {
    return {.role = Role::kPort, .asked = asked, .guest_offloads = guest_offloads};
  }

  static ModeQuestion of_uplink(Mode asked, bool share_xdp = false) {
    return {.role = Role::kUplink, .asked = asked, .share_xdp = share_xdp};
  }

  void expect_refused(const std::string& name, const ModeQuestion& question, ErrorKind kind,
                      const std::string& part) {
    auto choice = choose(name, question);
    ASSERT_FALSE(choice);
    EXPECT_EQ(static_cast<int>(choice.error().kind), static_cast<int>(kind));
    EXPECT_NE(choice.error().message.find(part), std::string::npos) << choice.error().message;
    EXPECT_NE(choice.error().message.find(name), std::string::npos) << choice.error().message;
  }

  void expect_mode(const std::string& name, const ModeQuestion& question, Mode mode) {
    auto choice = choose(name, question);
    ASSERT_TRUE(choice) << choice.error().message;
    EXPECT_EQ(choice->mode, mode) << choice->why;
    EXPECT_NE(choice->why, "");
  }
};

TEST_F(ModeTable, TapUsesTcAndIsAnXdpTarget) {
  host_.add_tap("tap0");
  auto choice = choose("tap0", of_port(Mode::kAuto));
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->mode, Mode::kTc);
  EXPECT_TRUE(choice->is_xdp_target);
  EXPECT_FALSE(choice->has_complete_checksums);
}

TEST_F(ModeTable, TapOfAGuestWithoutOffloadsUsesXdp) {
  host_.add_tap("tap0");
  auto choice = choose("tap0", of_port(Mode::kAuto, false));
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->mode, Mode::kXdp);
  EXPECT_TRUE(choice->is_xdp_target);
  EXPECT_TRUE(choice->has_complete_checksums);
}

TEST_F(ModeTable, XdpOnATapWhoseGuestHasOffloadsDoesNotTrustItsChecksums) {
  host_.add_tap("tap0");
  auto choice = choose("tap0", of_port(Mode::kXdp));
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->mode, Mode::kXdp);
  EXPECT_FALSE(choice->has_complete_checksums);
}

TEST_F(ModeTable, VethWhosePeerRunsNoNapiIsNotAnXdpTarget) {
  host_.add_veth("veth0", "peer0");
  expect_mode("veth0", of_port(Mode::kAuto), Mode::kTc);
  EXPECT_FALSE(choose("veth0", of_port(Mode::kAuto))->is_xdp_target);
  auto choice = choose("veth0", of_port(Mode::kXdp));
  ASSERT_TRUE(choice);
  EXPECT_FALSE(choice->is_xdp_target);
}

TEST_F(ModeTable, VethWhosePeerRunsNapiIsAnXdpTarget) {
  host_.add_veth("veth0", "peer0");
  host_.device("peer0").foreign_xdp = "\"pass\" (id 1)";
  auto choice = choose("veth0", of_port(Mode::kXdp));
  ASSERT_TRUE(choice);
  EXPECT_TRUE(choice->is_xdp_target);
  EXPECT_TRUE(choice->warnings.empty());
  std::vector<Feature> hidden{Feature::kTxVlanCtag, Feature::kTxVlanStag};
  EXPECT_EQ(choice->peer_features_off, hidden);
}

TEST_F(ModeTable, VethWhosePeerCannotBeFoundRefusesXdp) {
  host_.add_veth("veth0", "peer0").peer_is_reachable = false;
  expect_refused("veth0", of_port(Mode::kXdp), ErrorKind::kUnsupported, "other end");
  expect_mode("veth0", of_port(Mode::kAuto), Mode::kTc);
  EXPECT_TRUE(choose("veth0", of_port(Mode::kAuto))->peer_features_off.empty());
}

TEST_F(ModeTable, VethWhosePeerAlwaysHidesTagsRefusesXdp) {
  host_.add_veth("veth0", "peer0");
  host_.device("peer0").features[Feature::kTxVlanStag].is_fixed = true;
  expect_refused("veth0", of_port(Mode::kXdp), ErrorKind::kUnsupported, "VLAN offload");
  expect_mode("veth0", of_port(Mode::kAuto), Mode::kTc);
}

TEST_F(ModeTable, NicWithNativeXdpTurnsOffWhatHidesTags) {
  host_.add_nic("eth0");
  auto choice = choose("eth0", of_uplink(Mode::kAuto));
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->mode, Mode::kXdp);
  EXPECT_TRUE(choice->has_complete_checksums);
  EXPECT_EQ(choice->features_off, std::vector{Feature::kRxVlanCtag});
}

TEST_F(ModeTable, NicInTcModeKeepsItsFeatures) {
  host_.add_nic("eth0");
  auto choice = choose("eth0", of_uplink(Mode::kTc));
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->mode, Mode::kTc);
  EXPECT_TRUE(choice->features_off.empty());
}

TEST_F(ModeTable, NicThatAlwaysHidesTagsUsesTc) {
  host_.add_nic("eth0").features[Feature::kRxVlanCtag].is_fixed = true;
  expect_mode("eth0", of_uplink(Mode::kAuto), Mode::kTc);
  expect_refused("eth0", of_uplink(Mode::kXdp), ErrorKind::kUnsupported, "VLAN offload");
}

TEST_F(ModeTable, NicWithoutNativeXdpUsesTc) {
  host_.add_nic("eth0").xdp = {};
  expect_mode("eth0", of_uplink(Mode::kAuto), Mode::kTc);
  expect_refused("eth0", of_uplink(Mode::kXdp), ErrorKind::kUnsupported, "no native XDP");
}

TEST_F(ModeTable, ParavirtualNicMayDeliverPartialChecksums) {
  host_.add_nic("eth0").link.driver = "virtio_net";
  auto choice = choose("eth0", of_uplink(Mode::kAuto));
  ASSERT_TRUE(choice);
  EXPECT_FALSE(choice->has_complete_checksums);
}

TEST_F(ModeTable, ForeignXdpProgramIsNeverEvicted) {
  host_.add_nic("eth0").foreign_xdp = "katran";
  expect_refused("eth0", of_uplink(Mode::kXdp), ErrorKind::kFailed, "katran");
  expect_mode("eth0", of_uplink(Mode::kAuto), Mode::kTc);
  expect_mode("eth0", of_uplink(Mode::kXdp, true), Mode::kXdp);
}

TEST_F(ModeTable, ForeignXdpProgramOnATapSelectsTc) {
  host_.add_tap("tap0").foreign_xdp = "17";
  expect_mode("tap0", of_port(Mode::kAuto, false), Mode::kTc);
  expect_refused("tap0", of_port(Mode::kXdp), ErrorKind::kFailed, "17");
}

}  // namespace
}  // namespace xvnet::test
