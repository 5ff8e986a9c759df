// SPDX-License-Identifier: BSD-2-Clause
//
// A device that the host or another instance uses is refused.
#include "fixture.h"

namespace xvnet::test {
namespace {

PortRequest forced(PortRequest request) {
  request.force = true;
  return request;
}

class HostDevice : public OnFakeHost {
 protected:
  HostDevice() { host_.add_nic("eth0"); }
};

TEST_F(HostDevice, WithAnAddressIsRefused) {
  host_.device("eth0").addresses = {"192.0.2.2/24"};
  refused(attach(on_vlan("eth0", 10)), ErrorKind::kFailed, "192.0.2.2/24");
  must(attach(forced(on_vlan("eth0", 10))));
}

TEST_F(HostDevice, AttachedAgainNeedsNoForce) {
  must(attach(on_vlan("eth0", 10)));
  host_.device("eth0").addresses = {"192.0.2.2/24"};
  must_do_nothing(attach(on_vlan("eth0", 10)));
  PortRequest moved = on_vlan("eth0", 20);
  moved.replace = true;
  must(attach(moved));
}

TEST_F(HostDevice, OfATypeThatIsNoVmPortIsRefused) {
  for (const char* type : {"bridge", "bond", "vlan", "vxlan", "macvlan", "ifb", "dummy"}) {
    host_.device("eth0").link.type = type;
    refused(attach(on_vlan("eth0", 10)), ErrorKind::kFailed, type);
  }
  must(attach(forced(on_vlan("eth0", 10))));
}

TEST_F(HostDevice, IsRestoredWithoutForce) {
  host_.device("eth0").addresses = {"192.0.2.2/24"};
  DesiredState state;
  state.ports = {on_vlan("eth0", 10)};
  must(restore(state));
}

TEST_F(HostDevice, MissingTapIsCreatedAndReported) {
  EXPECT_EQ(must(attach(on_vlan("tap0", 10))).created_tap, "tap0");
  EXPECT_EQ(must(attach(on_vlan("tap0", 10))).created_tap, "");
  EXPECT_EQ(must(attach(on_vlan("eth0", 10))).created_tap, "");
}

class TwoInstances : public OnFakeHost {
 protected:
  TwoInstances() {
    host_.add_nic("eth0").other_instance = "blue";
    host_.add_tap("tap0").other_instance = "blue";
  }
};

TEST_F(TwoInstances, DoNotShareADevice) {
  refused(attach(on_vlan("tap0", 10)), ErrorKind::kFailed, "it belongs to instance \"blue\"");
  refused(attach(forced(on_vlan("tap0", 10))), ErrorKind::kFailed,
          "it belongs to instance \"blue\"");
  refused(add_uplink(uplink("eth0")), ErrorKind::kFailed, "it belongs to instance \"blue\"");
  refused(add_uplink(uplink_with("eth0", {10})), ErrorKind::kFailed,
          "it belongs to instance \"blue\"");
  host_.device("tap0").other_instance.clear();
  must(attach(on_vlan("tap0", 10)));
}

NetworkRequest lab_with_host() {
  NetworkRequest request = network("lab");
  request.host_addresses = {"10.5.0.1/24"};
  return request;
}

class HostInterface : public OnFakeHost {};

TEST_F(HostInterface, OfThisInstanceIsNeitherPortNorUplink) {
  must(add_network(lab_with_host()));
  for (const char* end : {"xv-lab", "xp-lab"}) {
    refused(attach(forced(on_vlan(end, 10))), ErrorKind::kFailed, "network \"lab\"");
    refused(add_uplink(uplink(end)), ErrorKind::kFailed, "network \"lab\"");
  }
  host_.device("xv-lab").link.name = "lab0";
  refused(attach(forced(on_vlan("lab0", 10))), ErrorKind::kFailed, "network \"lab\"");
  refused(add_uplink(uplink("lab0")), ErrorKind::kFailed, "network \"lab\"");
}

TEST_F(HostInterface, OfAnotherInstanceIsNeitherPortNorUplink) {
  host_.add_veth("xv-red", "xp-red");
  host_.device("xp-red").other_instance = "blue";
  for (const char* end : {"xv-red", "xp-red"}) {
    refused(attach(forced(on_vlan(end, 10))), ErrorKind::kFailed, "\"blue\"");
    refused(add_uplink(uplink(end)), ErrorKind::kFailed, "\"blue\"");
  }
}

TEST_F(HostInterface, ForeignVethWithItsNameIsAccepted) {
  host_.add_veth("xv-red", "c0");
  must(attach(on_vlan("c0", 10)));
}

}  // namespace
}  // namespace xvnet::test
