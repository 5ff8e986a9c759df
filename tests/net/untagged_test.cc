// SPDX-License-Identifier: BSD-2-Clause
//
// The untagged network has virtual machines, the LAN and the host on one segment. Host-only
// networks are tested here too.
#include "lab.h"

namespace xvnet::test {
namespace {

class Untagged : public InMode {
 protected:
  void SetUp() override {
    wire = &uplink("eth0");
    a = &vm("tap0", {"--untagged"});
    b = &vm("tap1", {"--untagged"});
    lab.listen_to_host();
    host_mac = mac_of(lab.ns(), "eth0");
    from_host = std::make_unique<PacketSocket>(lab.ns(), "eth0");
  }

  void teach_all_macs() {
    a->send(udp4(Ends::between(kMacA, kBroadcast)));
    b->send(udp4(Ends::between(kMacB, kBroadcast)));
    wire->send(udp4(Ends::between(kMacWire, kBroadcast)));
    from_host->send(udp4(Ends::between(host_mac, kBroadcast)));
    lab.ears.flush();
  }

  PacketSocket* wire = nullptr;
  Tap* a = nullptr;
  Tap* b = nullptr;
  std::unique_ptr<PacketSocket> from_host;
  std::string host_mac;
};
XVNET_IN_BOTH_MODES(Untagged);

TEST_P(Untagged, BroadcastReachesEveryOtherMember) {
  const Frame of_a = arp_request(Ends::between(kMacA, kBroadcast));
  const Frame of_lan = arp_request(Ends::between(kMacWire, kBroadcast));
  const Frame of_host = arp_request(Ends::between(host_mac, kBroadcast));
  a->send(of_a);
  EXPECT_EQ(lab.where(of_a), (Places{"tap1", "wire:eth0", "host"}));
  wire->send(of_lan);
  EXPECT_EQ(lab.where(of_lan), (Places{"tap0", "tap1", "host"}));
  from_host->send(of_host);
  EXPECT_EQ(lab.where(of_host), (Places{"tap0", "tap1", "wire:eth0"}));
  EXPECT_EQ(lab.at("wire:eth0", of_a).bytes, of_a.bytes);
  EXPECT_EQ(lab.at("host", of_a).bytes, of_a.bytes);
  EXPECT_EQ(lab.at("tap0", of_lan).bytes, of_lan.bytes);
  EXPECT_EQ(lab.at("tap1", of_host).bytes, of_host.bytes);
}

TEST_P(Untagged, MulticastReachesEveryOtherMember) {
  const Frame of_a = udp6(Ends::between(kMacA, "33:33:00:00:00:fb"));
  a->send(of_a);
  EXPECT_EQ(lab.where(of_a), (Places{"tap1", "wire:eth0", "host"}));
  const Frame of_lan = udp6(Ends::between(kMacWire, "33:33:00:00:00:fb"));
  wire->send(of_lan);
  EXPECT_EQ(lab.where(of_lan), (Places{"tap0", "tap1", "host"}));
}

TEST_P(Untagged, UnicastReachesOnlyItsDestination) {
  teach_all_macs();
  struct Case {
    std::string name;
    std::function<void(const Frame&)> send;
    std::string from;
    std::string to;
    Places places;
  };
  const auto vm_sends = [&](const Frame& frame) { a->send(frame); };
  const auto lan_sends = [&](const Frame& frame) { wire->send(frame); };
  const auto host_sends = [&](const Frame& frame) { from_host->send(frame); };
  const std::vector<Case> cases = {
      {"VM to VM", vm_sends, kMacA, kMacB, {"tap1"}},
      {"VM to LAN", vm_sends, kMacA, kMacWire, {"wire:eth0"}},
      {"VM to host", vm_sends, kMacA, host_mac, {"host"}},
      {"LAN to VM", lan_sends, kMacWire, kMacA, {"tap0"}},
      {"LAN to host", lan_sends, kMacWire, host_mac, {"host"}},
      {"host to VM", host_sends, host_mac, kMacB, {"tap1"}},
      {"host to LAN", host_sends, host_mac, kMacWire, {"wire:eth0"}},
  };
  for (const Case& each : cases) {
    const Ends ends = Ends::between(each.from, each.to);
    for (const Frame& frame : {udp4(ends), tcp6(ends), leave_partial(tcp4(ends))}) {
      each.send(frame);
      EXPECT_EQ(lab.where(frame), each.places) << each.name;
      const Received got = lab.at(*each.places.begin(), frame);
      EXPECT_EQ(got.finished(), frame.finished().bytes) << each.name;
    }
  }
}

TEST_P(Untagged, HostAnswersAVm) {
  add_address(lab.ns(), "eth0", "10.0.0.2/24");
  const Frame request = arp_request(Ends::between(kMacA, kBroadcast));
  a->send(request);
  EXPECT_TRUE(eventually([&] {
    lab.ears.flush();
    for (const Received& got : lab.ears.all("tap0")) {
      if (get_be16(got.bytes, 12) == 0x0806 && mac_text(got.bytes, 6) == host_mac &&
          mac_text(got.bytes, 0) == kMacA) {
        return true;
      }
    }
    return false;
  })) << "no ARP reply";
}

TEST_P(Untagged, HostKeepsUnownedVlans) {
  lab.bridge_over("eth0");
  vm_in_vlan("tap2", 20);
  const Frame unowned = udp4(Ends::between(kMacWire, kBroadcast));
  wire->send(unowned.tagged(30));
  EXPECT_EQ(lab.where(unowned), (Places{"host", "host:eth0"}));
  EXPECT_EQ(lab.at("host:eth0", unowned).bytes, unowned.tagged(30).bytes);
  const Frame owned = udp4(Ends::between(kMacWire, kBroadcast));
  wire->send(owned.tagged(20));
  EXPECT_EQ(lab.where(owned), (Places{"tap2"}));
}

TEST_P(Untagged, TaggedTenantReceivesNoUntaggedFrame) {
  Tap& tenant = vm_in_vlan("tap2", 20);
  const Frame of_a = udp4(Ends::between(kMacA, kBroadcast));
  a->send(of_a);
  EXPECT_FALSE(lab.where(of_a).contains("tap2"));
  const Frame of_tenant = udp4(Ends::between(kMacC, kBroadcast));
  tenant.send(of_tenant);
  EXPECT_EQ(lab.where(of_tenant), (Places{"wire:eth0"}));
  EXPECT_EQ(lab.at("wire:eth0", of_tenant).bytes, of_tenant.tagged(20).bytes);
}

TEST_P(Untagged, PriorityTaggedFrameFromTheWireIsAccepted) {
  const Frame frame = udp4(Ends::between(kMacWire, kMacA));
  a->send(udp4(Ends::between(kMacA, kBroadcast)));
  wire->send(frame.tagged({.vid = 0, .pcp = 4}));
  EXPECT_EQ(lab.where(frame), (Places{"tap0"}));
  EXPECT_EQ(lab.at("tap0", frame).bytes, frame.bytes);
}

TEST_P(Untagged, ControlFramesOfAVmAreDropped) {
  for (const Frame& frame : {stp_bpdu(kMacA), lldp(kMacA), pause_frame(kMacA)}) {
    a->send(frame);
    EXPECT_EQ(lab.where(frame), (Places{}));
  }
}

TEST_P(Untagged, IsShownAsUntagged) {
  const auto network = lab.host.network("untagged");
  ASSERT_FALSE(network.is_null());
  EXPECT_EQ(network.at("kind"), "untagged");
  EXPECT_EQ(network.at("uplink"), "eth0");
  EXPECT_EQ(network.at("implicit"), true);
  EXPECT_TRUE(lab.host.port("tap0").at("vlan").is_null());
}

TEST(UntaggedOnTwoUplinks, NeedsAnExplicitUplink) {
  Lab lab;
  lab.add_uplink("eth0", {"--vlans", "10"});
  lab.add_uplink("eth1", {"--vlans", "20"});
  const CommandResult unclear = lab.host.xvnet({"attach", "tap0", "--untagged"});
  EXPECT_NE(unclear.exit_code, 0);
  EXPECT_FALSE(exists(lab.ns(), "tap0"));
  Tap& a = lab.add_vm("tap0", {"--untagged", "--uplink", "eth1"});
  const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
  a.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"wire:eth1"}));
}

class HostOnly : public InMode {
 protected:
  void SetUp() override {
    uplink("eth0");
    lab.host.must({"network", "add", "lab", "--host-address", "10.0.0.2/24"});
    a = &vm("tap0", {"--network", "lab"});
    b = &vm("tap1", {"--network", "lab"});
    vm_in_vlan("tap2", 20);
    lab.listen_to_host();
  }

  Tap* a = nullptr;
  Tap* b = nullptr;
};
XVNET_IN_BOTH_MODES(HostOnly);

TEST_P(HostOnly, HostInterfaceHasItsAddress) {
  const auto network = lab.host.network("lab");
  EXPECT_EQ(network.at("kind"), "host-only");
  EXPECT_EQ(network.at("host_interface"), "xv-lab");
  EXPECT_EQ(network.at("host_addresses").at(0), "10.0.0.2/24");
  EXPECT_TRUE(is_up(lab.ns(), "xv-lab"));
  const std::string shown = lab.ns().must({"ip", "-br", "address", "show", "dev", "xv-lab"}).out;
  EXPECT_NE(shown.find("10.0.0.2/24"), std::string::npos) << shown;
}

TEST_P(HostOnly, BroadcastReachesOnlyVmsAndHost) {
  const Frame frame = arp_request(Ends::between(kMacA, kBroadcast));
  a->send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"tap1", "host"}));
  PacketSocket from_host(lab.ns(), "xv-lab");
  const Frame down = udp4(Ends::between(mac_of(lab.ns(), "xv-lab"), kBroadcast));
  from_host.send(down);
  EXPECT_EQ(lab.where(down), (Places{"tap0", "tap1"}));
}

TEST_P(HostOnly, TheHostAnswersPing) {
  Ends ends = Ends::between(kMacA, mac_of(lab.ns(), "xv-lab"));
  // Teaches the host the MAC of 10.0.0.1. Otherwise the reply would wait for an ARP reply.
  a->send(arp_request(Ends::between(kMacA, kBroadcast)));
  const Frame request = icmp4_echo(ends);
  a->send(request);
  EXPECT_TRUE(lab.ears.wait_for("tap0", request.marker)) << "no echo reply";
  EXPECT_EQ(checksum_problems(lab.ears.seen("tap0", request.marker).at(0).finished()), "");
}

TEST_P(HostOnly, UnicastBetweenVmsReachesOnlyItsDestination) {
  b->send(udp4(Ends::between(kMacB, kBroadcast)));
  const Frame frame = leave_partial(tcp6(Ends::between(kMacA, kMacB)));
  a->send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"tap1"}));
  EXPECT_EQ(lab.at("tap1", frame).finished(), frame.finished().bytes);
}

TEST_P(HostOnly, RemovalDeletesTheHostInterface) {
  const CommandResult in_use = lab.host.xvnet({"network", "del", "lab"});
  EXPECT_EQ(in_use.exit_code, 1) << in_use.describe();
  EXPECT_EQ(error_problems(in_use, {"lab", "ports"}), "");
  lab.host.must({"detach", "tap0"});
  lab.host.must({"detach", "tap1"});
  EXPECT_FALSE(lab.host.network("lab").is_null()) << "a named network stays until it is removed";
  lab.host.must({"network", "del", "lab"});
  EXPECT_FALSE(exists(lab.ns(), "xv-lab"));
  EXPECT_FALSE(exists(lab.ns(), "xp-lab"));
}

}  // namespace
}  // namespace xvnet::test
