// SPDX-License-Identifier: BSD-2-Clause
//
// Networks that are VLANs of an uplink. Frames are tagged on the wire and untagged at the VM.
// Frames of the host pass unmodified.
#include <linux/if_ether.h>

#include "lab.h"

namespace xvnet::test {
namespace {

class Vlan : public InMode {};
XVNET_IN_BOTH_MODES(Vlan);

TEST_P(Vlan, PushesPvidOnUntaggedFromVm) {
  uplink("eth0");
  Tap& a = vm_in_vlan("tap0", 10);
  const Frame frame = udp4(Ends::between(kMacA, kMacUnknown));
  a.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"wire:eth0"}));
  EXPECT_EQ(lab.at("wire:eth0", frame).bytes, frame.tagged(10).bytes);
}

TEST_P(Vlan, PopsTheTagTowardsTheVm) {
  PacketSocket& wire = uplink("eth0");
  vm_in_vlan("tap0", 10);
  lab.listen_to_host();
  const Frame frame = udp6(Ends::between(kMacWire, kMacA));
  wire.send(frame.tagged({.vid = 10, .pcp = 6, .dei = true}));
  EXPECT_EQ(lab.where(frame), (Places{"tap0"}));
  EXPECT_EQ(lab.at("tap0", frame).bytes, frame.bytes);
}

TEST_P(Vlan, KeepsPriorityOfAPriorityTaggedFrameFromVm) {
  uplink("eth0");
  Tap& a = vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 10);
  const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
  a.send(frame.tagged({.vid = 0, .pcp = 5, .dei = true}));
  EXPECT_EQ(lab.where(frame), (Places{"wire:eth0", "tap1"}));
  EXPECT_EQ(lab.at("wire:eth0", frame).bytes,
            frame.tagged({.vid = 10, .pcp = 5, .dei = true}).bytes);
  EXPECT_EQ(lab.at("tap1", frame).bytes, frame.bytes);
}

TEST_P(Vlan, TreatsAnInnerTagFromTheWireAsPayload) {
  PacketSocket& wire = uplink("eth0");
  vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 30);
  for (const uint16_t type : {ETH_P_8021Q, ETH_P_8021AD}) {
    const Frame inner =
        udp4(Ends::between(kMacWire, kBroadcast)).tagged({.vid = 30, .pcp = 1, .tpid = type});
    wire.send(inner.tagged(10));
    EXPECT_EQ(lab.where(inner), (Places{"tap0"}));
    EXPECT_EQ(lab.at("tap0", inner).bytes, inner.bytes);
  }
}

std::vector<Frame> frames_of_the_host(const Ends& ends) {
  std::vector<Frame> frames = {arp_request(ends), udp6(ends), tcp4(ends), icmp6_echo(ends)};
  frames.push_back(udp4(ends).tagged({.vid = 20, .pcp = 7, .dei = true}));
  frames.push_back(udp4(ends).tagged({.vid = 4094}));
  frames.push_back(udp4(ends).tagged({.vid = 0, .pcp = 3}));
  frames.push_back(tcp6(ends).tagged(10).tagged(20));  // only the outer VID counts
  frames.push_back(udp4(ends).tagged({.vid = 10, .pcp = 2, .tpid = ETH_P_8021AD}));
  frames.push_back(leave_partial(tcp4(ends)).tagged(21));
  return frames;
}

TEST_P(Vlan, PassesHostFramesFromTheWireUnmodified) {
  PacketSocket& wire = uplink("eth0");
  vm_in_vlan("tap0", 10);
  lab.bridge_over("eth0");
  for (const Frame& frame : frames_of_the_host(Ends::between(kMacWire, kBroadcast))) {
    wire.send(frame);
    EXPECT_EQ(lab.where(frame), (Places{"host:eth0"}));
    EXPECT_EQ(lab.at("host:eth0", frame).finished(), frame.finished().bytes);
  }
}

TEST_P(Vlan, PassesHostFramesToTheWireUnmodified) {
  uplink("eth0");
  vm_in_vlan("tap0", 10);
  PacketSocket host_socket(lab.ns(), "eth0");
  for (const Frame& frame : frames_of_the_host(Ends::between(kMacA, kBroadcast))) {
    host_socket.send(frame);
    EXPECT_EQ(lab.where(frame), (Places{"wire:eth0"}));
    EXPECT_EQ(lab.at("wire:eth0", frame).finished(), frame.finished().bytes);
  }
}

TEST_P(Vlan, AnOwnedVidNeverReachesTheHost) {
  PacketSocket& wire = uplink("eth0");
  vm_in_vlan("tap0", 10);
  lab.bridge_over("eth0");
  lab.listen_to_host();
  const std::string host_mac = mac_of(lab.ns(), "eth0");
  for (const std::string& to : {host_mac, std::string(kBroadcast), kMacUnknown}) {
    const Frame frame = udp4(Ends::between(kMacWire, to));
    wire.send(frame.tagged(10));
    EXPECT_EQ(lab.where(frame), (Places{"tap0"})) << to;
  }
}

TEST_P(Vlan, LargestFrameFitsWithItsTag) {
  PacketSocket& wire = uplink("eth0");
  Tap& a = vm_in_vlan("tap0", 10);
  constexpr size_t kPayloadOfMtu = 1500 - 20 - 8;
  const Frame out = udp4(Ends::between(kMacA, kMacWire), kPayloadOfMtu);
  a.send(out);
  EXPECT_EQ(lab.at("wire:eth0", out).bytes, out.tagged(10).bytes);
  const Frame in = udp4(Ends::between(kMacWire, kMacA), kPayloadOfMtu);
  wire.send(in.tagged(10));
  EXPECT_EQ(lab.at("tap0", in).bytes, in.bytes);
}

TEST_P(Vlan, EachUplinkCarriesItsOwnVlans) {
  PacketSocket& first = uplink("eth0", {"--vlans", "10"});
  PacketSocket& second = uplink("eth1", {"--vlans", "20-30"});
  Tap& a = vm_in_vlan("tap0", 10);
  Tap& b = vm_in_vlan("tap1", 25);
  const Frame from_a = udp4(Ends::between(kMacA, kBroadcast));
  const Frame from_b = udp4(Ends::between(kMacB, kBroadcast));
  a.send(from_a);
  b.send(from_b);
  EXPECT_EQ(lab.where(from_a), (Places{"wire:eth0"}));
  EXPECT_EQ(lab.where(from_b), (Places{"wire:eth1"}));

  const Frame to_b = udp4(Ends::between(kMacWire, kMacB));
  second.send(to_b.tagged(25));
  EXPECT_EQ(lab.where(to_b), (Places{"tap1"}));
  // These networks do not own these VIDs on the other uplink.
  for (const auto& [wire, vid] : {std::pair(&first, 25), std::pair(&second, 10)}) {
    const Frame stray = udp4(Ends::between(kMacWire, kBroadcast));
    wire->send(stray.tagged(static_cast<uint16_t>(vid)));
    EXPECT_EQ(lab.where(stray), (Places{}));
  }
}

TEST_P(Vlan, AmbiguousVidIsRefused) {
  uplink("eth0", {"--vlans", "10,20-30"});
  lab.add_wire("eth1");
  const CommandResult result =
      lab.host.xvnet(with_mode({"uplink", "add", "eth1", "--vlans", "30-40"}));
  EXPECT_EQ(result.exit_code, 1) << result.describe();
  EXPECT_EQ(error_problems(result, {"30", "eth0"}), "");
  EXPECT_TRUE(lab.host.uplink("eth1").is_null());
}

TEST_P(Vlan, RestoresTheUplinksFeaturesWhenItIsRemoved) {
  PacketSocket& wire = lab.add_wire("eth0");
  const NetNs& outside = wire.ns();
  set_feature(outside, wire.dev(), "tx-vlan-offload", true);
  set_feature(outside, wire.dev(), "tx-vlan-stag-hw-insert", true);
  const std::vector<std::string> features = {"rx-vlan-offload", "tx-vlan-offload",
                                             "generic-receive-offload"};
  std::map<std::string, bool> before;
  for (const auto& name : features) before[name] = feature(lab.ns(), "eth0", name);
  lab.host.uplink_add("eth0", {"--mode", mode()});
  // On a veth, the other end puts tags into metadata, where XDP cannot see them.
  EXPECT_EQ(feature(outside, wire.dev(), "tx-vlan-offload"), mode() == "tc");
  EXPECT_EQ(feature(outside, wire.dev(), "tx-vlan-stag-hw-insert"), mode() == "tc");
  lab.host.must({"uplink", "del", "eth0"});
  EXPECT_TRUE(feature(outside, wire.dev(), "tx-vlan-offload"));
  EXPECT_TRUE(feature(outside, wire.dev(), "tx-vlan-stag-hw-insert"));
  for (const auto& name : features)
    EXPECT_EQ(feature(lab.ns(), "eth0", name), before[name]) << name;
}

TEST_P(Vlan, AFeatureThatWasOffStaysOff) {
  lab.add_wire("eth0");
  set_feature(lab.ns(), "eth0", "rx-vlan-offload", false);
  lab.host.uplink_add("eth0", {"--mode", mode()});
  lab.host.must({"uplink", "del", "eth0"});
  EXPECT_FALSE(feature(lab.ns(), "eth0", "rx-vlan-offload"));
}

TEST_P(Vlan, ARemovedUplinkCarriesNothing) {
  PacketSocket& wire = uplink("eth0");
  Tap& a = vm_in_vlan("tap0", 10);
  lab.host.must({"uplink", "del", "eth0"});
  EXPECT_TRUE(is_up(lab.ns(), "eth0"));
  const Frame out = udp4(Ends::between(kMacA, kBroadcast));
  const Frame in = udp4(Ends::between(kMacWire, kBroadcast));
  a.send(out);
  wire.send(in.tagged(10));
  EXPECT_EQ(lab.where(out), (Places{}));
  EXPECT_EQ(lab.where(in), (Places{}));
}

TEST_P(Vlan, UplinkAddedLaterConnectsExistingPorts) {
  Tap& a = vm_in_vlan("tap0", 10);
  uplink("eth0");
  const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
  a.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"wire:eth0"}));
}

TEST_P(Vlan, UplinkThatIsDownStaysDown) {
  lab.add_wire("eth0");
  set_down(lab.ns(), "eth0");
  lab.host.uplink_add("eth0", {"--mode", mode()});
  EXPECT_FALSE(is_up(lab.ns(), "eth0"));
  lab.host.must({"uplink", "del", "eth0"});
  EXPECT_FALSE(is_up(lab.ns(), "eth0"));
}

TEST_P(Vlan, WarnsAboutAnMtuTheUplinkCannotCarry) {
  uplink("eth0");
  const CommandResult attached =
      lab.host.xvnet(with_mode({"attach", "tap0", "--vlan", "10", "--mtu", "9000"}));
  EXPECT_EQ(attached.exit_code, 0) << attached.describe();
  std::string said = attached.err;
  for (const auto& check : lab.host.json({"doctor"})) {
    if (check.at("status") != "ok") said += check.dump();
  }
  EXPECT_NE(said.find("9000"), std::string::npos) << said;
  EXPECT_NE(said.find("1500"), std::string::npos) << said;
}

}  // namespace
}  // namespace xvnet::test
