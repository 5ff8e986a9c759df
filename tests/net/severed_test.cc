// SPDX-License-Identifier: BSD-2-Clause
//
// Devices that vanish without a detach, and other devices that get their name or ifindex.
#include "lab.h"

namespace xvnet::test {
namespace {

class OrphanedAttachment : public InMode {
 protected:
  void SetUp() override {
    wire = &uplink("eth0");
    peer = &vm_in_vlan("tap1", 10);
    lab.host.attach("tap0", with_mode({"--vlan", "10"}));
    index = ifindex(lab.ns(), "tap0");
    delete_link(lab.ns(), "tap0");
  }

  void create_tap(const std::string& name) {
    lab.ns().must({"ip", "tuntap", "add", name, "mode", "tap", "vnet_hdr"});
  }

  // Makes a device of another name with the deleted device's ifindex. It is a veth, because the
  // ifindex of a new TAP cannot be chosen.
  void create_with_the_same_index(const std::string& name) {
    lab.ns().must({"ip", "link", "add", "name", name, "index", std::to_string(index), "type",
                   "veth", "peer", "name", name + "-far"});
    prepare_far_end(lab.ns(), name + "-far");
    set_up(lab.ns(), name + "-far");
  }

  void expect_works(Tap& a) {
    const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
    a.send(frame);
    EXPECT_EQ(lab.where(frame), (Places{"tap1", "wire:eth0"}));
    const Frame back = udp4(Ends::between(kMacB, kMacA));
    peer->send(back);
    EXPECT_EQ(lab.where(back), (Places{"tap0"}));
  }

  // Checks a veth of create_with_the_same_index() that is attached to VLAN 10.
  void expect_filters(const std::string& name) {
    EXPECT_EQ(lab.host.port(name).at("state"), "up");
    PacketSocket far(lab.ns(), name + "-far");
    await_ready(lab.ns(), name + "-far");
    const Frame tagged = udp4(Ends::between(kMacA, kBroadcast));
    const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
    far.send(tagged.tagged(20));
    far.send(frame);
    EXPECT_EQ(lab.where(tagged), (Places{})) << "attached, but not filtered";
    EXPECT_EQ(lab.where(frame), (Places{"tap1", "wire:eth0"}));
  }

  PacketSocket* wire = nullptr;
  Tap* peer = nullptr;
  int index = 0;
};
XVNET_IN_BOTH_MODES(OrphanedAttachment);

TEST_P(OrphanedAttachment, OfADeletedDeviceIsShownAsGone) {
  EXPECT_EQ(lab.host.port("tap0").at("state"), "gone");
}

TEST_P(OrphanedAttachment, DoesNotAffectOtherPorts) {
  const Frame frame = udp4(Ends::between(kMacB, kBroadcast));
  peer->send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"wire:eth0"}));
  const Frame back = udp4(Ends::between(kMacWire, kBroadcast));
  wire->send(back.tagged(10));
  EXPECT_EQ(lab.where(back), (Places{"tap1"}));
}

TEST_P(OrphanedAttachment, OfADeletedDeviceCanBeDetached) {
  lab.host.must({"detach", "tap0"});
  EXPECT_TRUE(lab.host.port("tap0").is_null());
}

TEST_P(OrphanedAttachment, OfADeletedDeviceIsReplacedByAttach) {
  lab.host.attach("tap0", with_mode({"--vlan", "10"}));
  EXPECT_EQ(lab.host.port("tap0").at("state"), "up");
  expect_works(lab.open_vm("tap0"));
}

TEST_P(OrphanedAttachment, DoesNotApplyToANewDeviceOfTheSameName) {
  create_tap("tap0");
  const std::string state = lab.host.port("tap0").at("state");
  EXPECT_TRUE(state == "severed" || state == "gone") << state;
  lab.host.attach("tap0", with_mode({"--vlan", "10"}));
  EXPECT_EQ(lab.host.port("tap0").at("state"), "up");
  EXPECT_EQ(lab.host.port("tap0").at("ifindex"), ifindex(lab.ns(), "tap0"));
  expect_works(lab.open_vm("tap0"));
}

TEST_P(OrphanedAttachment, IsRemovedByDetachOfANewDeviceOfTheSameName) {
  create_tap("tap0");
  lab.host.must({"detach", "tap0"});
  EXPECT_TRUE(lab.host.port("tap0").is_null());
  EXPECT_TRUE(exists(lab.ns(), "tap0"));
}

TEST_P(OrphanedAttachment, DoesNotApplyToADeviceWithTheSameIfindex) {
  create_with_the_same_index("other");
  ASSERT_EQ(ifindex(lab.ns(), "other"), index);
  set_up(lab.ns(), "other");
  // The device that has the ifindex now must get no frame of the network.
  PacketSocket ear(lab.ns(), "other-far");
  lab.ears.add("other", ear, lab.ns(), "other");
  const Frame frame = udp4(Ends::between(kMacB, kBroadcast));
  peer->send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"wire:eth0"}));
  const std::string state = lab.host.port("tap0").at("state");
  EXPECT_TRUE(state == "severed" || state == "gone") << state;
}

TEST_P(OrphanedAttachment, DoesNotStopAttachOfADeviceWithTheSameIfindex) {
  create_with_the_same_index("other");
  lab.host.attach("other", with_mode({"--vlan", "20"}));
  EXPECT_EQ(lab.host.port("other").at("state"), "up");
  EXPECT_EQ(lab.host.port("other").at("vlan"), 20);
  PacketSocket far(lab.ns(), "other-far");
  const Frame frame = udp4(Ends::between(kMacC, kBroadcast));
  await_ready(lab.ns(), "other-far");
  far.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"wire:eth0"}));
  EXPECT_EQ(lab.at("wire:eth0", frame).bytes, frame.tagged(20).bytes);
}

TEST_P(OrphanedAttachment, IsDetectedDespiteTheSameNameAndIfindex) {
  create_with_the_same_index("tap0");
  EXPECT_EQ(lab.host.port("tap0").at("state"), "severed");
  const CommandResult attached = lab.host.xvnet(with_mode({"attach", "tap0", "--vlan", "10"}));
  ASSERT_EQ(attached.exit_code, 0) << attached.describe();
  EXPECT_EQ(lab.host.port("tap0").at("kind"), "veth");
  expect_filters("tap0");
}

// xvnet's programs still run on the moved device, so their links look alive.
TEST_P(OrphanedAttachment, IsDetectedForADeviceInAnotherNamespace) {
  const NetNs elsewhere;
  const NetNs far_side;
  lab.ns().must({"ip", "link", "add", "name", "veth0", "index", std::to_string(index), "type",
                 "veth", "peer", "name", "far", "netns", far_side.path()});
  prepare_far_end(far_side, "far");
  lab.host.attach("veth0", with_mode({"--vlan", "10"}));
  lab.ns().must({"ip", "link", "set", "veth0", "netns", elsewhere.path()});
  EXPECT_NE(lab.host.port("veth0").at("state"), "up");
  create_with_the_same_index("veth0");
  ASSERT_TRUE(exists(elsewhere, "veth0"));
  // A device loses its clsact filters when it moves, so two devices of one name look the same.
  const std::string state = lab.host.port("veth0").at("state");
  EXPECT_TRUE(state == "severed" || state == "incomplete") << state;
  lab.host.attach("veth0", with_mode({"--vlan", "10"}));
  expect_filters("veth0");
}

TEST_P(OrphanedAttachment, OfADeletedUplinkIsShownAndReplacedByAdd) {
  delete_link(lab.ns(), "eth0");
  EXPECT_EQ(lab.host.uplink("eth0").at("state"), "gone");
  lab.host.must({"uplink", "del", "eth0"});
  PacketSocket& other = uplink("eth1");
  const Frame frame = udp4(Ends::between(kMacB, kBroadcast));
  peer->send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"wire:eth1"}));
  const Frame back = udp4(Ends::between(kMacWire, kBroadcast));
  other.send(back.tagged(10));
  EXPECT_EQ(lab.where(back), (Places{"tap1"}));
}

TEST_P(OrphanedAttachment, IsRemovedByDown) {
  create_tap("tap0");
  lab.host.down();
  EXPECT_TRUE(lab.host.json({"show", "ports"}).empty());
}

}  // namespace
}  // namespace xvnet::test
