// SPDX-License-Identifier: BSD-2-Clause
//
// Tests attach: the order of its changes makes a port fail closed, repeating it changes nothing,
// and a differing or invalid request is refused.
#include <algorithm>

#include "fixture.h"
#include "loader/base/tables.h"

namespace xvnet::test {
namespace {

class Attach : public OnFakeHost {};

TEST_F(Attach, CreatesTheTapAndTheNetwork) {
  EXPECT_TRUE(must(attach(on_vlan("tap0", 10))).changed);
  EXPECT_TRUE(host_.device("tap0").link.is_up);
  EXPECT_TRUE(host_.device("tap0").link.is_silent());
  auto port = view_of("tap0");
  ASSERT_TRUE(port);
  EXPECT_EQ(port->network, "vlan10");
  EXPECT_EQ(port->vid, 10);
  EXPECT_EQ(port->kind, PortKind::kTap);
  EXPECT_EQ(port->state, DeviceState::kUp);
  EXPECT_TRUE(port->created);
  EXPECT_TRUE(network_view("vlan10")->implicit);
}

TEST_F(Attach, LeavesPortDownUntilItsPinsExist) {
  host_.add_tap("tap0").link.is_up = true;
  must(attach(on_vlan("tap0", 10)));
  std::size_t down = place_of(host_, "set_up tap0 false");
  std::size_t silent = place_of(host_, "silence tap0 true");
  std::size_t pinned = place_of(host_, "attach tc_from_vm tap0 ingress");
  std::size_t visible = place_of(host_, "put interfaces tap0");
  std::size_t up = place_of(host_, "set_up tap0 true");
  EXPECT_LT(down, first_with(host_, "put port_records tap0"));
  EXPECT_LT(down, silent);
  EXPECT_LT(silent, pinned);
  EXPECT_LT(pinned, visible);
  EXPECT_LT(visible, up);
}

TEST_F(Attach, PinsBothProgramsOfAnXdpPort) {
  host_.add_tap("tap0");
  PortRequest request = on_vlan("tap0", 10);
  request.guest_offloads = false;
  must(attach(request));
  EXPECT_TRUE(is_live("tap0", Hook::kTcIngress));
  EXPECT_TRUE(is_live("tap0", Hook::kXdp));
  EXPECT_LT(place_of(host_, "attach xdp_from_vm tap0 xdp"), place_of(host_, "put interfaces tap0"));
  EXPECT_EQ(view_of("tap0")->mode, Mode::kXdp);
}

TEST_F(Attach, RepeatedChangesNothing) {
  PortRequest request = on_vlan("tap0", 10);
  request.mac = Mac{0x02, 0, 0, 0, 0, 1};
  request.owner = "1000";
  request.mtu = 1400;
  must(attach(request));
  must_do_nothing(attach(request));
  request.replace = true;
  must_do_nothing(attach(request));
}

TEST_F(Attach, RestoresRemovedPins) {
  must(attach(on_vlan("tap0", 10)));
  host_.evict("tap0", Hook::kTcIngress);
  EXPECT_TRUE(must(attach(on_vlan("tap0", 10))).changed);
  EXPECT_TRUE(is_live("tap0", Hook::kTcIngress));
}

TEST_F(Attach, SetsAPortUpAgain) {
  must(attach(on_vlan("tap0", 10)));
  host_.device("tap0").link.is_up = false;
  must(attach(on_vlan("tap0", 10)));
  EXPECT_TRUE(host_.device("tap0").link.is_up);
}

struct Difference {
  const char* name;
  std::function<void(PortRequest&)> change;
  const char* said;
};

class AttachedDifferently : public OnFakeHost, public testing::WithParamInterface<Difference> {};

TEST_P(AttachedDifferently, IsRefusedAndNamedWithoutReplace) {
  must(attach(on_vlan("tap0", 10)));
  PortRequest request = on_vlan("tap0", 10);
  GetParam().change(request);
  Error error = refused(attach(request), ErrorKind::kFailed, GetParam().said);
  EXPECT_NE(error.hint.find("‹replace›"), std::string::npos);
  request.replace = true;
  must(attach(request));
  request.replace = false;
  must_do_nothing(attach(request));
}

INSTANTIATE_TEST_SUITE_P(
    By, AttachedDifferently,
    testing::Values(
        Difference{"Vlan", [](PortRequest& r) { r.vid = 20; }, "vlan10"},
        Difference{"Mode", [](PortRequest& r) { r.mode = Mode::kXdp; }, "mode"},
        Difference{"Mac", [](PortRequest& r) { r.mac = Mac{2, 0, 0, 0, 0, 1}; }, "MAC"},
        Difference{"MaxMacs", [](PortRequest& r) { r.max_macs = 3; }, "MACs"},
        Difference{"Mtu", [](PortRequest& r) { r.mtu = 1280; }, "MTU"},
        Difference{"Offloads", [](PortRequest& r) { r.guest_offloads = false; }, "offloads"},
        Difference{"Untagged", [](PortRequest& r) { r.vid.reset(), r.untagged = true; }, "vlan10"}),
    [](const auto& difference) { return difference.param.name; });

TEST_F(Attach, ReplaceMovesTheGuestToItsNewNetworkOnly) {
  must(attach(on_vlan("tap0", 10)));
  PortRequest request = on_vlan("tap0", 20);
  request.replace = true;
  must(attach(request));
  EXPECT_EQ(view_of("tap0")->network, "vlan20");
  EXPECT_FALSE(network_view("vlan10"));
  EXPECT_LT(place_of(host_, "set_up tap0 false"), first_with(host_, "erase interfaces tap0"));
}

TEST_F(Attach, ReplaceKeepsTheTapsCreator) {
  PortRequest request = on_vlan("tap0", 10);
  request.owner = "1000";
  must(attach(request));
  request.vid = 20;
  request.replace = true;
  must(attach(request));
  EXPECT_TRUE(view_of("tap0")->created);
  must_do_nothing(attach(request));
}

TEST_F(Attach, UntaggedOnAnotherUplinkNeedsReplace) {
  host_.add_nic("eth0");
  host_.add_nic("eth1");
  must(add_uplink(uplink("eth0")));
  must(add_uplink(uplink_with("eth1", {30})));
  must(attach(on_untagged("tap0", "eth0")));
  refused(attach(on_untagged("tap0", "eth1")), ErrorKind::kFailed, "tap0");
}

TEST_F(Attach, ConfiguredMacIsStaticAndUnique) {
  PortRequest first = on_vlan("tap0", 10);
  first.mac = Mac{0x02, 0, 0, 0, 0, 1};
  must(attach(first));
  // Without a carrier at tap0, tap1 could take the MAC over.
  host_.device("tap0").link.has_carrier = true;
  PortRequest second = on_vlan("tap1", 10);
  second.mac = first.mac;
  refused(attach(second), ErrorKind::kFailed, "MAC");
  second.vid = 20;  // another tenant may have the same MAC
  must(attach(second));
}

// The FDB space that a port may use is reserved in advance, so that one tenant cannot exhaust the
// space of another.
TEST_F(Attach, ReservedMacsFitIntoTheFdb) {
  constexpr std::uint32_t kFirst = 1000;
  constexpr std::uint32_t kGreedy = MAX_FDB_ENTRIES / (MAX_LEARNER_SLOTS + 1) - 1;
  must(attach(on_vlan("tap0", 10)));
  Tables tables(host_);
  abi::port_record greedy{};
  greedy.max_macs = MAX_LEARNER_SLOTS;
  for (std::uint32_t number = 0; number < kGreedy; number++)
    ASSERT_TRUE(tables.port_records.put(kFirst + number, greedy));
  PortRequest request = on_vlan("tap1", 10);
  request.max_macs = MAX_LEARNER_SLOTS;
  refused(attach(request), ErrorKind::kFailed, "not enough FDB space");
  must(attach(on_vlan("tap2", 10)));
}

struct Misuse {
  const char* name;
  std::function<void(PortRequest&)> change;
};

class AttachUsage : public OnFakeHost, public testing::WithParamInterface<Misuse> {};

TEST_P(AttachUsage, InvalidRequestIsAUsageError) {
  PortRequest request = on_vlan("tap0", 10);
  GetParam().change(request);
  refused(attach(request), ErrorKind::kUsage, request.device);
}

INSTANTIATE_TEST_SUITE_P(
    By, AttachUsage,
    testing::Values(Misuse{"VidZero", [](PortRequest& r) { r.vid = 0; }},
                    Misuse{"VidReserved", [](PortRequest& r) { r.vid = 4095; }},
                    Misuse{"VidHuge", [](PortRequest& r) { r.vid = 65535; }},
                    Misuse{"NoNetwork", [](PortRequest& r) { r.vid.reset(); }},
                    Misuse{"TwoNetworks", [](PortRequest& r) { r.network = "blue"; }},
                    Misuse{"VlanAndUntagged", [](PortRequest& r) { r.untagged = true; }},
                    Misuse{"UplinkOfAVlan", [](PortRequest& r) { r.uplink = "eth0"; }},
                    Misuse{"MulticastMac", [](PortRequest& r) { r.mac = Mac{1, 0, 0, 0, 0, 1}; }},
                    Misuse{"ZeroMac", [](PortRequest& r) { r.mac = Mac{}; }},
                    Misuse{"TooManyMacs", [](PortRequest& r) { r.max_macs = 100000; }},
                    Misuse{"NoQueues", [](PortRequest& r) { r.queues = 0; }},
                    Misuse{"TooManyQueues", [](PortRequest& r) { r.queues = 257; }},
                    Misuse{"TinyMtu", [](PortRequest& r) { r.mtu = 67; }},
                    Misuse{"HugeMtu", [](PortRequest& r) { r.mtu = 70000; }},
                    Misuse{"LongName", [](PortRequest& r) { r.device = "sixteen-bytes-xx"; }},
                    Misuse{"NoName", [](PortRequest& r) { r.device = ""; }},
                    Misuse{"NoSuchUser", [](PortRequest& r) { r.owner = "no-such-user"; }}),
    [](const auto& misuse) { return misuse.param.name; });

TEST_F(Attach, RefusesADeviceThatCannotBeAPort) {
  host_.add_nic("lo0").link.is_loopback = true;
  host_.add_nic("tun0").link.is_ethernet = false;
  host_.add_tap("tap1").link.master = 7;
  refused(attach(on_vlan("lo0", 10)), ErrorKind::kFailed, "loopback");
  refused(attach(on_vlan("tun0", 10)), ErrorKind::kFailed, "Ethernet");
  refused(attach(on_vlan("tap1", 10)), ErrorKind::kFailed, "bridge");
}

TEST_F(Attach, RefusesAnUplink) {
  host_.add_nic("eth0");
  must(add_uplink(uplink("eth0")));
  refused(attach(on_vlan("eth0", 10)), ErrorKind::kFailed, "uplink");
}

TEST_F(Attach, RefusesAMissingNetwork) {
  Error error = refused(attach(in_network("tap0", "blue")), ErrorKind::kFailed, "blue");
  EXPECT_NE(error.hint, "");
}

TEST_F(Attach, RefusesAnUnknownUplink) {
  host_.add_nic("eth0");
  must(add_uplink(uplink("eth0")));
  refused(attach(on_untagged("tap0", "eth7")), ErrorKind::kFailed, "eth7");
}

TEST_F(Attach, RefusesOptionsThatAnExistingTapLacks) {
  host_.add_tap("tap0");
  PortRequest request = on_vlan("tap0", 10);
  request.queues = 4;
  refused(attach(request), ErrorKind::kFailed, "queues");
}

TEST_F(Attach, RefusesBothEndsOfAHostInterface) {
  NetworkRequest lab = network("lab");
  lab.host_addresses = {"10.5.0.1/24"};
  must(add_network(lab));
  for (const char* end : {"xp-lab", "xv-lab"}) {
    PortRequest request = on_vlan(end, 10);
    request.replace = true;
    refused(attach(request), ErrorKind::kFailed, end);
  }
}

TEST_F(Attach, SetsTheMtuAndWarnsWhenTheUplinkIsSmaller) {
  host_.add_nic("eth0");
  must(add_uplink(uplink("eth0")));
  PortRequest request = on_vlan("tap0", 10);
  request.mtu = 9000;
  Outcome outcome = must(attach(request));
  EXPECT_EQ(host_.device("tap0").link.mtu, 9000u);
  ASSERT_EQ(outcome.warnings.size(), 1u);
  EXPECT_NE(outcome.warnings[0].find("9000"), std::string::npos);
  EXPECT_TRUE(must(attach(on_vlan("tap1", 10))).warnings.empty());
}

TEST_F(Attach, ExplicitXdpWithAForeignProgramIsRefused) {
  host_.add_tap("tap0").foreign_xdp = "katran";
  PortRequest request = on_vlan("tap0", 10);
  request.mode = Mode::kXdp;
  refused(attach(request), ErrorKind::kFailed, "katran");
  request.mode = Mode::kAuto;
  must(attach(request));
  EXPECT_EQ(view_of("tap0")->mode, Mode::kTc);
}

TEST_F(Attach, VethInXdpModeTurnsThePeersTaggingOffAndOnAgain) {
  host_.add_veth("veth0", "peer0");
  host_.device("peer0").foreign_xdp = "\"pass\" (id 1)";
  PortRequest request = on_vlan("veth0", 10);
  request.mode = Mode::kXdp;
  must(attach(request));
  EXPECT_FALSE(host_.device("peer0").features[Feature::kTxVlanCtag].is_on);
  must(detach("veth0"));
  EXPECT_TRUE(host_.device("peer0").features[Feature::kTxVlanCtag].is_on);
  EXPECT_TRUE(host_.device("peer0").features[Feature::kTxVlanStag].is_on);
}

}  // namespace
}  // namespace xvnet::test
