// SPDX-License-Identifier: BSD-2-Clause
//
// A network is one switch: it learns, ages and floods, and it limits the MACs of each port.
#include "lab.h"

namespace xvnet::test {
namespace {

class Switching : public InMode {
 protected:
  // Makes the network learn that `mac` is at `tap`.
  void teach(Tap& tap, const std::string& mac) {
    tap.send(udp4(Ends::between(mac, kBroadcast)));
    lab.ears.flush();
  }
};
XVNET_IN_BOTH_MODES(Switching);

TEST_P(Switching, FloodsAnUnknownDestinationToItsWholeNetwork) {
  uplink("eth0");
  Tap& a = vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 10);
  vm_in_vlan("tap2", 10);
  const Frame frame = udp4(Ends::between(kMacA, kMacUnknown));
  a.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"tap1", "tap2", "wire:eth0"}));
  EXPECT_EQ(lab.at("tap1", frame).bytes, frame.bytes);
  EXPECT_EQ(lab.at("tap2", frame).bytes, frame.bytes);
  EXPECT_EQ(lab.at("wire:eth0", frame).bytes, frame.tagged(10).bytes);
}

TEST_P(Switching, FloodsFromTheWireToThePortsOnly) {
  PacketSocket& wire = uplink("eth0");
  vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 10);
  vm_in_vlan("tap2", 20);
  const Frame frame = arp_request(Ends::between(kMacWire, kBroadcast));
  wire.send(frame.tagged(10));
  EXPECT_EQ(lab.where(frame), (Places{"tap0", "tap1"}));
  EXPECT_EQ(lab.at("tap1", frame).bytes, frame.bytes);
}

TEST_P(Switching, SendsOnlyToALearnedDestination) {
  PacketSocket& wire = uplink("eth0");
  Tap& a = vm_in_vlan("tap0", 10);
  Tap& b = vm_in_vlan("tap1", 10);
  vm_in_vlan("tap2", 10);
  teach(b, kMacB);
  wire.send(udp4(Ends::between(kMacWire, kBroadcast)).tagged(10));
  lab.ears.flush();
  const Frame to_b = udp4(Ends::between(kMacA, kMacB));
  const Frame to_wire = udp6(Ends::between(kMacA, kMacWire));
  a.send(to_b);
  a.send(to_wire);
  EXPECT_EQ(lab.where(to_b), (Places{"tap1"}));
  EXPECT_EQ(lab.where(to_wire), (Places{"wire:eth0"}));
  EXPECT_EQ(lab.host.learnt_at("vlan10", kMacB), "tap1");
  EXPECT_EQ(lab.host.learnt_at("vlan10", kMacWire), "eth0");
}

TEST_P(Switching, VmsInDifferentVlansAreIsolated) {
  uplink("eth0");
  Tap* taps[] = {&vm_in_vlan("tap0", 10), &vm_in_vlan("tap1", 20), &vm_in_vlan("tap2", 30)};
  const std::string macs[] = {kMacA, kMacB, kMacC};
  for (int i = 0; i < 3; ++i) teach(*taps[i], macs[i]);
  for (int from = 0; from < 3; ++from) {
    const auto vid = static_cast<uint16_t>(10 * (from + 1));
    for (const std::string& to : {macs[(from + 1) % 3], std::string(kBroadcast)}) {
      const Frame frame = udp4(Ends::between(macs[from], to));
      taps[from]->send(frame);
      EXPECT_EQ(lab.where(frame), (Places{"wire:eth0"}));
      EXPECT_EQ(lab.at("wire:eth0", frame).bytes, frame.tagged(vid).bytes);
    }
  }
}

TEST_P(Switching, TheSameMacInTwoNetworksIsTwoStations) {
  Tap& a = vm_in_vlan("tap0", 10);
  Tap& b = vm_in_vlan("tap1", 10);
  Tap& c = vm_in_vlan("tap2", 20);
  Tap& d = vm_in_vlan("tap3", 20);
  teach(b, kMacB);
  teach(d, kMacB);
  const Frame in_10 = udp4(Ends::between(kMacA, kMacB));
  const Frame in_20 = udp4(Ends::between(kMacA, kMacB));
  a.send(in_10);
  c.send(in_20);
  EXPECT_EQ(lab.where(in_10), (Places{"tap1"}));
  EXPECT_EQ(lab.where(in_20), (Places{"tap3"}));
}

TEST_P(Switching, IdleStationAgesOut) {
  lab.host.must({"network", "add", "office", "--vlan", "10", "--ageing", "1"});
  uplink("eth0");
  Tap& a = vm("tap0", {"--network", "office"});
  Tap& b = vm("tap1", {"--network", "office"});
  teach(b, kMacB);
  EXPECT_TRUE(eventually([&] {
    const Frame frame = udp4(Ends::between(kMacA, kMacB));
    a.send(frame);
    return lab.where(frame) == Places{"tap1", "wire:eth0"};
  }));
  EXPECT_EQ(lab.host.learnt_at("office", kMacB), "");
}

TEST_P(Switching, TheAgeingTimeOfALiveNetworkCanBeChanged) {
  lab.host.must({"network", "add", "office", "--vlan", "10"});
  Tap& a = vm("tap0", {"--network", "office"});
  Tap& b = vm("tap1", {"--network", "office"});
  vm("tap2", {"--network", "office"});
  teach(b, kMacB);
  const Frame before = udp4(Ends::between(kMacA, kMacB));
  a.send(before);
  EXPECT_EQ(lab.where(before), (Places{"tap1"}));
  lab.host.must({"network", "set", "office", "--ageing", "1"});
  EXPECT_EQ(lab.host.network("office").at("ageing"), 1);
  EXPECT_TRUE(eventually([&] {
    const Frame frame = udp4(Ends::between(kMacA, kMacB));
    a.send(frame);
    return lab.where(frame) == Places{"tap1", "tap2"};
  }));
}

TEST_P(Switching, StaticMacIsNotMovedByLearning) {
  PacketSocket& wire = uplink("eth0");
  Tap& a = vm_in_vlan("tap0", 10);
  vm("tap1", {"--vlan", "10", "--mac", kMacB});
  Tap& thief = vm_in_vlan("tap2", 10);
  EXPECT_EQ(lab.host.learnt_at("vlan10", kMacB), "tap1");
  teach(thief, kMacB);
  wire.send(udp4(Ends::between(kMacB, kBroadcast)).tagged(10));
  lab.ears.flush();
  const Frame from_vm = udp4(Ends::between(kMacA, kMacB));
  const Frame from_wire = udp4(Ends::between(kMacWire, kMacB));
  a.send(from_vm);
  wire.send(from_wire.tagged(10));
  EXPECT_EQ(lab.where(from_vm), (Places{"tap1"}));
  EXPECT_EQ(lab.where(from_wire), (Places{"tap1"}));
  EXPECT_EQ(lab.host.learnt_at("vlan10", kMacB), "tap1");
}

TEST_P(Switching, PortsMacLimitIsEnforced) {
  Tap& noisy = vm("tap0", {"--vlan", "10", "--max-macs", "2"});
  Tap& b = vm_in_vlan("tap1", 10);
  teach(b, kMacB);
  constexpr int kSources = 20;
  for (int i = 0; i < kSources; ++i) {
    const std::string mac = "02:00:00:01:00:" + std::to_string(10 + i);
    const Frame frame = udp4(Ends::between(mac, kMacB));
    noisy.send(frame);
    EXPECT_EQ(lab.where(frame), (Places{"tap1"})) << "forwarded although its source is not learned";
  }
  EXPECT_EQ(lab.host.port("tap0").at("max_macs"), 2);
  EXPECT_EQ(lab.host.port("tap0").at("macs"), 2);
  EXPECT_EQ(lab.host.drops("tap0", "from_vm", "fdb_full"), kSources - 2u);
  EXPECT_EQ(lab.host.learnt_at("vlan10", kMacB), "tap1");
}

TEST_P(Switching, StationMovesBetweenPorts) {
  Tap& a = vm_in_vlan("tap0", 10);
  Tap& b = vm_in_vlan("tap1", 10);
  Tap& c = vm_in_vlan("tap2", 10);
  teach(b, kMacB);
  teach(c, kMacB);
  const Frame frame = udp4(Ends::between(kMacA, kMacB));
  a.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"tap2"}));
}

TEST_P(Switching, StationMovesToAnotherHostAndBack) {
  PacketSocket& wire = uplink("eth0");
  Tap& a = vm_in_vlan("tap0", 10);
  Tap& b = vm_in_vlan("tap1", 10);
  teach(b, kMacB);
  wire.send(udp4(Ends::between(kMacB, kBroadcast)).tagged(10));
  lab.ears.flush();
  const Frame away = udp4(Ends::between(kMacA, kMacB));
  a.send(away);
  EXPECT_EQ(lab.where(away), (Places{"wire:eth0"}));
  teach(b, kMacB);
  const Frame back = udp4(Ends::between(kMacA, kMacB));
  a.send(back);
  EXPECT_EQ(lab.where(back), (Places{"tap1"}));
}

TEST_P(Switching, DetachedPortsMacsAreRemoved) {
  Tap& a = vm_in_vlan("tap0", 10);
  Tap& b = vm_in_vlan("tap1", 10);
  vm_in_vlan("tap2", 10);
  teach(b, kMacB);
  lab.host.must({"detach", "tap1"});
  const Frame frame = udp4(Ends::between(kMacA, kMacB));
  a.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"tap2"}));
}

TEST_P(Switching, LinkLocalControlFramesAreDropped) {
  PacketSocket& wire = uplink("eth0");
  Tap& a = vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 10);
  lab.listen_to_host();
  std::vector<Frame> frames = {stp_bpdu(kMacA), lldp(kMacA), pause_frame(kMacA)};
  for (int last = 0; last < 16; ++last) {
    const char* digits = "0123456789abcdef";
    const std::string to = std::string("01:80:c2:00:00:0") + digits[last];
    frames.push_back(of_ethertype(Ends::between(kMacA, to), kTestEthertype));
  }
  for (const Frame& frame : frames) {
    a.send(frame);
    EXPECT_EQ(lab.where(frame), (Places{}));
  }
  EXPECT_EQ(lab.host.drops("tap0", "from_vm", "link_local_control"), frames.size());
  for (const Frame& frame : {stp_bpdu(kMacWire), lldp(kMacWire), pause_frame(kMacWire)}) {
    wire.send(frame.tagged(10));
    EXPECT_EQ(lab.where(frame), (Places{}));
  }
  EXPECT_EQ(lab.host.drops("eth0", "from_uplink", "link_local_control"), 3u);
}

TEST_P(Switching, ControlFramesFromTheWireGoToTheHost) {
  PacketSocket& wire = uplink("eth0");
  vm_in_vlan("tap0", 10);
  lab.listen_to_host();
  for (const Frame& frame : {stp_bpdu(kMacWire), lldp(kMacWire), pause_frame(kMacWire)}) {
    wire.send(frame);
    EXPECT_EQ(lab.where(frame), (Places{"host"}));
  }
}

TEST_P(Switching, FrameIsNotSentBackToItsSender) {
  Tap& a = vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 10);
  teach(a, kMacA);
  teach(a, kMacC);
  const Frame frame = udp4(Ends::between(kMacA, kMacC));
  a.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{}));
  EXPECT_EQ(lab.host.drops("tap0", "from_vm", "hairpin"), 1u);
}

TEST_P(Switching, AMulticastOrZeroSourceIsDropped) {
  Tap& a = vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 10);
  for (const char* source : {"03:00:00:00:00:01", kBroadcast, "00:00:00:00:00:00"}) {
    const Frame frame = udp4(Ends::between(source, kBroadcast));
    a.send(frame);
    EXPECT_EQ(lab.where(frame), (Places{})) << source;
  }
  EXPECT_EQ(lab.host.drops("tap0", "from_vm", "bad_source_mac"), 3u);
}

TEST_P(Switching, HostStackReceivesNoTenantFrame) {
  Tap& a = vm_in_vlan("tap0", 10);
  lab.listen_to_host();
  add_address(lab.ns(), "lo", "10.0.0.2/32");
  const std::string tap_mac = mac_of(lab.ns(), "tap0");
  for (const std::string& to : {tap_mac, std::string(kBroadcast), std::string("01:00:5e:00:00:01"),
                                std::string("33:33:00:00:00:01")}) {
    const Ends ends = Ends::between(kMacA, to);
    for (const Frame& frame :
         {arp_request(ends), icmp4_echo(ends), udp6(ends), tcp4(ends), neighbour_solicitation(ends),
          of_ethertype(ends, kTestEthertype), vxlan(ends, udp4(ends), OuterChecksum::kComplete)}) {
      a.send(frame);
      EXPECT_EQ(lab.where(frame), (Places{})) << to;
    }
  }
  EXPECT_TRUE(lab.ears.all("tap0").empty()) << "the VM got a reply";
}

TEST_P(Switching, ASingleVmHasNoReceiver) {
  Tap& a = vm_in_vlan("tap0", 10);
  const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
  a.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{}));
  EXPECT_EQ(lab.host.drops("tap0", "from_vm", "no_receiver"), 1u);
}

}  // namespace
}  // namespace xvnet::test
