// SPDX-License-Identifier: BSD-2-Clause
//
// If the kernel permits it, a port that moves to another network namespace takes its programs
// along. There, the ifindexes of its network belong to other devices. No frame of the network may
// reach those devices.
#include "lab.h"

namespace xvnet::test {
namespace {

class MovedPort : public InMode {
 protected:
  // A device in the other namespace with the same ifindex as a device of the host.
  struct Decoy {
    Decoy(Lab& lab, const NetNs& other, const std::string& of) {
      add_veth(other, "decoy-" + of, far, "far", ifindex(lab.ns(), of));
      prepare_far_end(far, "far");
      set_up(other, "decoy-" + of);
      set_up(far, "far");
      ear = std::make_unique<PacketSocket>(far, "far");
      lab.ears.add("decoy-" + of, *ear, other, "decoy-" + of);
    }
    NetNs far;
    std::unique_ptr<PacketSocket> ear;
  };
};
XVNET_IN_BOTH_MODES(MovedPort);

TEST_P(MovedPort, ReachesNoDeviceOfItsNewNamespace) {
  uplink("eth0");
  Tap& peer = vm_in_vlan("tap1", 10);
  const NetNs inside;
  add_veth(lab.ns(), "veth0", inside, "eth0");
  prepare_far_end(inside, "eth0");
  set_up(inside, "eth0");
  lab.host.attach("veth0", with_mode({"--vlan", "10"}));
  PacketSocket container(inside, "eth0");
  peer.send(udp4(Ends::between(kMacB, kBroadcast)));
  const NetNs other;
  const Decoy decoy(lab, other, "tap1"), wire(lab, other, "eth0");
  lab.ns().must({"ip", "link", "set", "veth0", "netns", other.name()});
  set_up(other, "veth0");
  await_ready(other, "veth0");
  for (const char* to : {kMacB.c_str(), kMacWire.c_str(), kBroadcast}) {
    for (const Frame& frame : {udp4(Ends::between(kMacA, to)), tcp4(Ends::between(kMacA, to)),
                               arp_request(Ends::between(kMacA, to))}) {
      container.send(frame);
      const Places places = lab.where(frame);
      EXPECT_FALSE(places.contains("decoy-tap1")) << to;
      EXPECT_FALSE(places.contains("decoy-eth0")) << to;
    }
  }
}

}  // namespace
}  // namespace xvnet::test
