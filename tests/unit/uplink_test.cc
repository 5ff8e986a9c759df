// SPDX-License-Identifier: BSD-2-Clause
//
// Uplinks: the NIC settings that they change, and the networks that they carry.
#include "fixture.h"
#include "loader/base/tables.h"

namespace xvnet::test {
namespace {

class Uplink : public OnFakeHost {
 protected:
  void SetUp() override {
    host_.add_nic("eth0");
    host_.add_nic("eth1");
  }

  std::string carrier_of(const std::string& network) {
    auto view = network_view(network);
    return view ? view->uplink : "no such network";
  }
};

TEST_F(Uplink, AttachesItsProgramsBeforeAnyNetwork) {
  must(attach(on_vlan("tap0", 10)));
  must(add_uplink(uplink("eth0")));
  std::size_t owned = place_of(host_, "put vlans eth0/10");
  for (const char* line : {"attach tc_from_uplink eth0 ingress", "attach tc_from_host eth0 egress",
                           "attach xdp_from_uplink eth0 xdp", "put interfaces eth0"}) {
    EXPECT_LT(place_of(host_, line), owned);
  }
  EXPECT_TRUE(host_.device("eth0").link.is_up);
}

TEST_F(Uplink, RemovesItsNetworksBeforeItsPrograms) {
  must(add_uplink(uplink("eth0")));
  must(attach(on_vlan("tap0", 10)));
  must(remove_uplink("eth0"));
  std::size_t disowned = place_of(host_, "erase vlans eth0/10");
  for (const char* hook : {"xdp", "ingress", "egress"}) {
    EXPECT_LT(disowned, place_of(host_, std::string("detach eth0 ") + hook));
  }
  EXPECT_EQ(carrier_of("vlan10"), "");
}

TEST_F(Uplink, KeepsItsLinkStateAndHostStack) {
  must(add_uplink(uplink("eth0")));
  EXPECT_FALSE(was_done(host_, "set_up eth0 false"));
  EXPECT_FALSE(host_.device("eth0").link.is_silent());
  must(remove_uplink("eth0"));
  EXPECT_FALSE(was_done(host_, "set_up eth0 false"));
}

TEST_F(Uplink, XdpDisablesTagOffloadsAndRestoresThem) {
  must(attach(on_vlan("tap0", 10)));
  Snapshot before = take_snapshot(host_);
  must(add_uplink(uplink("eth0")));
  EXPECT_FALSE(host_.device("eth0").features[Feature::kRxVlanCtag].is_on);
  EXPECT_FALSE(host_.device("eth0").features[Feature::kRxVlanFilter].is_on);
  EXPECT_TRUE(host_.device("eth0").link.is_promiscuous);
  must(remove_uplink("eth0"));
  EXPECT_EQ(difference(before, take_snapshot(host_)), "");
  EXPECT_FALSE(host_.device("eth0").features[Feature::kRxVlanStag].is_on);  // was off before
}

TEST_F(Uplink, KeepsTheOperatorsPromiscuousMode) {
  host_.device("eth0").link.is_promiscuous = true;
  must(add_uplink(uplink("eth0")));
  must(remove_uplink("eth0"));
  EXPECT_TRUE(host_.device("eth0").link.is_promiscuous);
}

TEST_F(Uplink, WithFixedTagOffloadUsesTc) {
  host_.device("eth0").features[Feature::kRxVlanCtag].is_fixed = true;
  refused(add_uplink(uplink("eth0", Mode::kXdp)), ErrorKind::kUnsupported, "eth0");
  must(add_uplink(uplink("eth0")));
  EXPECT_EQ(uplink_view("eth0")->mode, Mode::kTc);
  EXPECT_FALSE(is_live("eth0", Hook::kXdp));
  EXPECT_TRUE(host_.device("eth0").features[Feature::kRxVlanCtag].is_on);
}

TEST_F(Uplink, ForeignXdpIsNamedAndKept) {
  host_.device("eth0").foreign_xdp = "katran";
  refused(add_uplink(uplink("eth0", Mode::kXdp)), ErrorKind::kFailed, "katran");
  must(add_uplink(uplink("eth0")));
  EXPECT_EQ(uplink_view("eth0")->mode, Mode::kTc);
}

TEST_F(Uplink, SharedXdpRunsBesideAForeignProgram) {
  host_.device("eth0").foreign_xdp = "katran";
  UplinkRequest request = uplink("eth0", Mode::kXdp);
  request.share_xdp = true;
  must(add_uplink(request));
  EXPECT_TRUE(host_.pins().at({host_.device("eth0").link.ifindex, Hook::kXdp}).shares_xdp);
  must_do_nothing(add_uplink(request));
}

TEST_F(Uplink, AddedTwiceChangesNothing) {
  must(add_uplink(uplink_with("eth0", {10, 20})));
  must_do_nothing(add_uplink(uplink_with("eth0", {10, 20})));
}

TEST_F(Uplink, AddedDifferentlyIsRefusedAndNamed) {
  must(add_uplink(uplink_with("eth0", {10, 20})));
  refused(add_uplink(uplink_with("eth0", {10})), ErrorKind::kFailed, "10,20");
  refused(add_uplink(uplink("eth0")), ErrorKind::kFailed, "some VLANs");
  UplinkRequest request = uplink_with("eth0", {10, 20});
  request.mode = Mode::kTc;
  refused(add_uplink(request), ErrorKind::kFailed, "mode");
}

TEST_F(Uplink, CarriesExistingNetworks) {
  must(attach(on_vlan("tap0", 10)));
  EXPECT_EQ(carrier_of("vlan10"), "");
  must(add_uplink(uplink("eth0")));
  EXPECT_EQ(carrier_of("vlan10"), "eth0");
  EXPECT_TRUE(has_vlan("eth0", 10));
}

TEST_F(Uplink, CarriesNetworksAddedLater) {
  must(add_uplink(uplink("eth0")));
  must(attach(on_vlan("tap0", 10)));
  EXPECT_EQ(carrier_of("vlan10"), "eth0");
  must(detach("tap0"));
  EXPECT_FALSE(has_vlan("eth0", 10));
}

TEST_F(Uplink, ExplicitVidIsTakenFromTheCatchAllUplink) {
  must(add_uplink(uplink("eth0")));
  must(attach(on_vlan("tap0", 10)));
  must(attach(on_vlan("tap1", 20)));
  must(add_uplink(uplink_with("eth1", {10})));
  EXPECT_EQ(carrier_of("vlan10"), "eth1");
  EXPECT_EQ(carrier_of("vlan20"), "eth0");
  EXPECT_FALSE(has_vlan("eth0", 10));
  must(remove_uplink("eth1"));
  EXPECT_EQ(carrier_of("vlan10"), "eth0");
  EXPECT_TRUE(has_vlan("eth0", 10));
}

TEST_F(Uplink, DisjointVidSetsCoexist) {
  must(add_uplink(uplink_with("eth0", {10, 11})));
  must(add_uplink(uplink_with("eth1", {20})));
  must(attach(on_vlan("tap0", 11)));
  must(attach(on_vlan("tap1", 20)));
  must(attach(on_vlan("tap2", 30)));
  EXPECT_EQ(carrier_of("vlan11"), "eth0");
  EXPECT_EQ(carrier_of("vlan20"), "eth1");
  EXPECT_EQ(carrier_of("vlan30"), "");
}

TEST_F(Uplink, AVidIsCarriedByOneUplinkOnly) {
  must(add_uplink(uplink_with("eth0", {10, 11, 12})));
  Error error = refused(add_uplink(uplink_with("eth1", {12, 13})), ErrorKind::kFailed, "12");
  EXPECT_NE(error.message.find("eth0"), std::string::npos);
}

TEST_F(Uplink, OnlyOneMayCarryAllVids) {
  must(add_uplink(uplink("eth0")));
  refused(add_uplink(uplink("eth1")), ErrorKind::kFailed, "eth0");
}

TEST_F(Uplink, WithoutVlansCoexistsWithAnother) {
  must(add_uplink(uplink("eth0")));
  must(add_uplink(uplink_with("eth1", {})));
  must(attach(on_vlan("tap0", 10)));
  EXPECT_EQ(network_view("vlan10")->uplink, "eth0");
  EXPECT_EQ(uplink_view("eth1")->vlans, "none");
  must_do_nothing(add_uplink(uplink_with("eth1", {})));
}

TEST_F(Uplink, VidsAreChecked) {
  refused(add_uplink(uplink_with("eth0", {0})), ErrorKind::kUsage, "eth0");
  refused(add_uplink(uplink_with("eth0", {4095})), ErrorKind::kUsage, "eth0");
}

TEST_F(Uplink, RefusesAnUnsuitableDevice) {
  host_.add_nic("lo0").link.is_loopback = true;
  host_.add_nic("wg0").link.is_ethernet = false;
  host_.add_nic("eth2").link.master = 9;
  refused(add_uplink(uplink("lo0")), ErrorKind::kFailed, "loopback");
  refused(add_uplink(uplink("wg0")), ErrorKind::kFailed, "Ethernet");
  refused(add_uplink(uplink("eth2")), ErrorKind::kFailed, "bridge");
  refused(add_uplink(uplink("eth9")), ErrorKind::kFailed, "the device does not exist");
  must(attach(on_vlan("tap0", 10)));
  refused(add_uplink(uplink("tap0")), ErrorKind::kFailed, "port");
}

TEST_F(Uplink, RemovalOfAnotherDeviceIsRefused) {
  refused(remove_uplink("eth0"), ErrorKind::kFailed, "eth0");
}

TEST_F(Uplink, WarnsWhenItsMtuIsTooSmall) {
  host_.device("eth0").link.mtu = 1400;
  EXPECT_EQ(must(add_uplink(uplink("eth0"))).warnings.size(), 1u);
}

TEST_F(Uplink, GoneDeviceCanBeRemoved) {
  must(add_uplink(uplink("eth0")));
  must(attach(on_vlan("tap0", 10)));
  host_.remove("eth0");
  EXPECT_EQ(uplink_view("eth0")->state, DeviceState::kGone);
  must(remove_uplink("eth0"));
  EXPECT_EQ(carrier_of("vlan10"), "");
  EXPECT_TRUE(host_.fake_table(TableId::kVlans).raw().empty());
}

TEST_F(Uplink, RecreatedDeviceIsAddedAgain) {
  must(add_uplink(uplink("eth0")));
  must(attach(on_vlan("tap0", 10)));
  host_.recreate("eth0");
  must(add_uplink(uplink("eth0")));
  EXPECT_EQ(carrier_of("vlan10"), "eth0");
  EXPECT_TRUE(has_vlan("eth0", 10));
  EXPECT_EQ(host_.fake_table(TableId::kUplinkRecords).raw().size(), 1u);
  EXPECT_EQ(host_.fake_table(TableId::kVlans).raw().size(), 1u);
}

TEST_F(Uplink, GoneDeviceReleasesItsVids) {
  must(add_uplink(uplink("eth0")));
  must(attach(on_vlan("tap0", 10)));
  host_.remove("eth0");
  must(add_uplink(uplink("eth1")));
  EXPECT_EQ(carrier_of("vlan10"), "eth1");
}

TEST_F(Uplink, UntaggedNetworkKeepsTheHostsOwnMac) {
  must(add_uplink(uplink("eth0")));
  must(attach(on_untagged("tap0")));
  EXPECT_TRUE(has_vlan("eth0", 0));
  auto fdb = host_.fake_table(TableId::kFdb).typed<abi::fdb_key, abi::fdb_entry>();
  ASSERT_EQ(fdb.size(), 1u);
  EXPECT_EQ(fdb[0].second.slot, abi::FDB_SLOT_HOST);
  must(detach("tap0"));
  EXPECT_TRUE(host_.fake_table(TableId::kFdb).raw().empty());
}

TEST_F(Uplink, UntaggedNeedsAnUplinkNameWithSeveral) {
  must(add_uplink(uplink("eth0")));
  must(add_uplink(uplink_with("eth1", {10})));
  Error error = refused(attach(on_untagged("tap0")), ErrorKind::kFailed, "uplinks");
  EXPECT_NE(error.hint.find("‹uplink›"), std::string::npos);
  must(attach(on_untagged("tap0", "eth1")));
  EXPECT_TRUE(has_vlan("eth1", 0));
  must(attach(on_untagged("tap1", "eth0")));
  EXPECT_TRUE(has_vlan("eth0", 0));
  EXPECT_NE(view_of("tap0")->network, view_of("tap1")->network);
  refused(attach(on_untagged("tap2")), ErrorKind::kFailed, "untagged");
}

// Once a quarter of the FDB is reserved, a further network may learn fewer MACs
// (loader/model/binding.h).
TEST_F(Uplink, CarriesManyNetworks) {
  constexpr std::uint16_t kNetworks = 600;
  must(add_uplink(uplink("eth0")));
  DesiredState state{.uplinks = {uplink("eth0")}, .networks = {}, .forwards = {}, .ports = {}};
  for (std::uint16_t vid = 1; vid <= kNetworks; vid++)
    state.networks.push_back(vlan_network("n" + std::to_string(vid), vid));
  must(restore(state));
  std::map<std::uint32_t, int> limits;
  for (const auto& [key, learner] :
       host_.fake_table(TableId::kLearners).typed<abi::learner_key, abi::learner>())
    limits[learner.limit]++;
  EXPECT_EQ(limits, (std::map<std::uint32_t, int>{{1024, 255}, {128, kNetworks - 255}}));
  must(remove_network("n1"));
  must(add_network(vlan_network("again", 1)));
  EXPECT_EQ(carrier_of("again"), "eth0");
}

}  // namespace
}  // namespace xvnet::test
