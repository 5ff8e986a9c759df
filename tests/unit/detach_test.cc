// SPDX-License-Identifier: BSD-2-Clause
//
// Tests detach, `down`, and devices that vanish or come back.
#include "fixture.h"
#include "loader/base/tables.h"

namespace xvnet::test {
namespace {

class Detach : public OnFakeHost {};

TEST_F(Detach, SetsThePortDownFirst) {
  must(attach(on_vlan("tap0", 10)));
  EXPECT_TRUE(must(detach("tap0")).changed);
  EXPECT_EQ(place_of(host_, "set_up tap0 false"), 0u);
  std::size_t hidden = place_of(host_, "erase interfaces tap0");
  EXPECT_LT(hidden, place_of(host_, "detach tap0 ingress"));
  EXPECT_FALSE(host_.device("tap0").link.is_up);
}

TEST_F(Detach, RestoresTheDevice) {
  host_.add_tap("tap0");
  Snapshot before = take_snapshot(host_);
  must(attach(on_vlan("tap0", 10)));
  must(detach("tap0"));
  EXPECT_EQ(difference(before, take_snapshot(host_)), "");
  EXPECT_FALSE(host_.device("tap0").link.is_silent());
}

TEST_F(Detach, DeletesTheTapOnlyWhenAsked) {
  must(attach(on_vlan("tap0", 10)));
  must(detach("tap0"));
  EXPECT_TRUE(host_.has("tap0"));
  must(attach(on_vlan("tap0", 10)));
  must(detach("tap0", true));
  EXPECT_FALSE(host_.has("tap0"));
}

TEST_F(Detach, NeverDeletesANic) {
  host_.add_nic("eth5");
  must(attach(on_vlan("eth5", 10)));
  refused(detach("eth5", true), ErrorKind::kFailed, "eth5");
}

TEST_F(Detach, ImplicitNetworkIsRemovedWithItsLastPort) {
  must(attach(on_vlan("tap0", 10)));
  must(attach(on_vlan("tap1", 10)));
  must(detach("tap0"));
  EXPECT_TRUE(network_view("vlan10"));
  must(detach("tap1"));
  EXPECT_FALSE(network_view("vlan10"));
}

TEST_F(Detach, NamedNetworkStays) {
  must(add_network(vlan_network("blue", 10)));
  must(attach(in_network("tap0", "blue")));
  must(detach("tap0"));
  EXPECT_TRUE(network_view("blue"));
}

TEST_F(Detach, RefusesADeviceThatIsNotAPort) {
  host_.add_tap("tap0");
  must(attach(on_vlan("tap1", 10)));
  refused(detach("tap0"), ErrorKind::kFailed, "not attached");
  refused(detach("tap9"), ErrorKind::kFailed, "tap9");
}

TEST_F(Detach, RemovesAPortWhoseDeviceIsGone) {
  must(attach(on_vlan("tap0", 10)));
  host_.remove("tap0");
  ASSERT_TRUE(view_of("tap0"));
  EXPECT_EQ(view_of("tap0")->state, DeviceState::kGone);
  must(detach("tap0"));
  EXPECT_FALSE(view_of("tap0"));
  EXPECT_TRUE(host_.pins().empty());
  EXPECT_FALSE(network_view("vlan10"));
}

TEST_F(Detach, RemovesLearnedMacs) {
  must(attach(on_vlan("tap0", 10)));
  must(attach(on_vlan("tap1", 10)));
  auto ifindex = host_.device("tap0").link.ifindex;
  std::uint32_t id = network_view("vlan10")->id;
  abi::fdb_key key{.network = id, .mac = {2, 0, 0, 0, 0, 9}, .pad = 0};
  abi::learner_key owner{.network = id, .ifindex = ifindex};
  FakeTable& learners = host_.fake_table(TableId::kLearners);
  auto learner = from_bytes<abi::learner>(learners.raw().at(to_bytes(owner)));
  std::memcpy(&learner.slots[5], key.mac, sizeof key.mac);
  learners.set(to_bytes(owner), to_bytes(learner));
  host_.fake_table(TableId::kFdb)
      .set(to_bytes(key),
           to_bytes(abi::fdb_entry{.ifindex = ifindex, .slot = 5, .last_seen_ns = 1}));
  must(detach("tap0"));
  EXPECT_TRUE(host_.fake_table(TableId::kFdb).raw().empty());
}

class RecreatedDevice : public OnFakeHost {
 protected:
  void SetUp() override { must(attach(on_vlan("tap0", 10))); }

  void expect_whole() {
    EXPECT_EQ(view_of("tap0")->state, DeviceState::kUp);
    EXPECT_TRUE(is_live("tap0", Hook::kTcIngress));
    EXPECT_EQ(host_.fake_table(TableId::kPortRecords).raw().size(), 1u);
    EXPECT_EQ(host_.fake_table(TableId::kInterfaces).raw().size(), 1u);
    EXPECT_EQ(host_.fake_table(TableId::kLearners).raw().size(), 1u);
    EXPECT_EQ(host_.pins().size(), 1u);
    EXPECT_EQ(network_view("vlan10")->ports, std::vector<std::string>{"tap0"});
  }
};

TEST_F(RecreatedDevice, WithANewIfindexIsAttachedAgain) {
  host_.recreate("tap0");
  EXPECT_TRUE(must(attach(on_vlan("tap0", 10))).changed);
  expect_whole();
}

TEST_F(RecreatedDevice, WithTheSameIfindexIsOrphanedAndAttachedAgain) {
  host_.recreate_with_same_ifindex("tap0");
  EXPECT_EQ(view_of("tap0")->state, DeviceState::kSevered);
  EXPECT_TRUE(must(attach(on_vlan("tap0", 10))).changed);
  expect_whole();
}

TEST_F(RecreatedDevice, InAnotherNetworkNeedsNoReplace) {
  host_.recreate("tap0");
  must(attach(on_vlan("tap0", 20)));
  EXPECT_EQ(view_of("tap0")->network, "vlan20");
  EXPECT_FALSE(network_view("vlan10"));
}

TEST_F(RecreatedDevice, ForeignDeviceWithTheIfindexIsKeptByDetach) {
  auto ifindex = host_.device("tap0").link.ifindex;
  host_.recreate_with_same_ifindex("tap0");
  FakeDevice& stranger = host_.device("tap0");
  stranger.link.name = "br0";
  stranger.link.is_up = true;
  ASSERT_EQ(stranger.link.ifindex, ifindex);
  must(detach("tap0"));
  EXPECT_TRUE(host_.device("br0").link.is_up);
  EXPECT_TRUE(host_.pins().empty());
  EXPECT_TRUE(host_.fake_table(TableId::kPortRecords).raw().empty());
}

TEST_F(RecreatedDevice, ForeignDeviceWithTheIfindexCanBeAttached) {
  host_.recreate_with_same_ifindex("tap0");
  host_.device("tap0").link.name = "vm7";
  must(attach(on_vlan("vm7", 20)));
  EXPECT_EQ(view_of("vm7")->network, "vlan20");
  EXPECT_EQ(view_of("vm7")->state, DeviceState::kUp);
  EXPECT_FALSE(view_of("tap0"));
}

TEST_F(RecreatedDevice, RenamedIsTheSamePort) {
  host_.device("tap0").link.name = "vm7";
  must(attach(on_vlan("vm7", 10)));  // the port's record gets the new name
  must_do_nothing(attach(on_vlan("vm7", 10)));
  must(detach("vm7"));
  EXPECT_TRUE(host_.pins().empty());
}

class Down : public OnFakeHost {};

TEST_F(Down, LeavesAnEmptyKernel) {
  host_.add_nic("eth0");
  host_.add_tap("tap0");
  host_.add_veth("veth0", "peer0");
  Snapshot before = take_snapshot(host_);
  NetworkRequest lab = network("lab");
  lab.host_addresses = {"10.5.0.1/24"};
  PortRequest veth = on_vlan("veth0", 20);
  veth.mode = Mode::kXdp;
  must(add_uplink(uplink("eth0")));
  must(add_network(lab));
  must(attach(on_vlan("tap0", 10)));
  must(attach(on_vlan("new0", 10)));
  must(attach(veth));
  must(down());
  EXPECT_FALSE(host_.is_loaded());
  EXPECT_EQ(difference(before, take_snapshot(host_)), "");
}

TEST_F(Down, SetsPortsDownBeforeDetachingPrograms) {
  must(attach(on_vlan("tap0", 10)));
  must(down());
  EXPECT_LT(place_of(host_, "set_up tap0 false"), place_of(host_, "detach tap0 ingress"));
  EXPECT_EQ(host_.journal().back(), "remove_pins");
}

TEST_F(Down, SucceedsIfDevicesAreGone) {
  host_.add_nic("eth0");
  must(add_uplink(uplink("eth0")));
  must(attach(on_vlan("tap0", 10)));
  host_.remove("tap0");
  host_.remove("eth0");
  must(down());
  EXPECT_TRUE(host_.pins().empty());
  EXPECT_FALSE(host_.is_loaded());
}

TEST_F(Down, WithoutAnInstanceLeavesAnEmptyState) {
  must(down());
  EXPECT_FALSE(host_.is_loaded());
  EXPECT_FALSE(view_of("tap0"));
  must(attach(on_vlan("tap0", 10)));
  EXPECT_TRUE(view_of("tap0"));
}

}  // namespace
}  // namespace xvnet::test
