// SPDX-License-Identifier: BSD-2-Clause
//
// Attach and detach of ports, and the state of the devices before, between and after.
#include <filesystem>

#include "lab.h"

namespace xvnet::test {
namespace {

class Ports : public InMode {};
XVNET_IN_BOTH_MODES(Ports);

TEST_P(Ports, AttachCreatesAPersistentTap) {
  lab.host.attach("tap0", with_mode({"--vlan", "10"}));
  const auto info = link_info(lab.ns(), "tap0");
  EXPECT_EQ(info.at("linkinfo").at("info_kind"), "tun");
  EXPECT_EQ(info.at("linkinfo").at("info_data").at("type"), "tap");
  EXPECT_EQ(info.at("linkinfo").at("info_data").at("persist"), true);
  EXPECT_EQ(info.at("linkinfo").at("info_data").at("multi_queue"), false);
  EXPECT_EQ(info.at("mtu"), 1500);
  EXPECT_TRUE(is_up(lab.ns(), "tap0"));
  const auto port = lab.host.port("tap0");
  EXPECT_EQ(port.at("kind"), "tap");
  EXPECT_EQ(port.at("created"), true);
  EXPECT_EQ(port.at("vlan"), 10);
  EXPECT_EQ(port.at("network"), "vlan10");
  EXPECT_EQ(port.at("mode"), mode());
  EXPECT_EQ(port.at("mode_asked"), mode());
  EXPECT_EQ(port.at("ifindex"), ifindex(lab.ns(), "tap0"));
}

TEST_P(Ports, ACreatedTapHasItsOwnerQueuesAndMtu) {
  lab.host.attach(
      "tap0", with_mode({"--vlan", "10", "--owner", "nobody", "--queues", "4", "--mtu", "9000"}));
  const auto info = link_info(lab.ns(), "tap0");
  const auto& tun = info.at("linkinfo").at("info_data");
  EXPECT_EQ(tun.at("multi_queue"), true);
  ASSERT_TRUE(tun.contains("user")) << tun.dump();
  EXPECT_TRUE(tun.at("user") == "nobody" || tun.at("user") == 65534) << tun.dump();
  EXPECT_EQ(info.at("mtu"), 9000);
}

TEST_P(Ports, OwnerMayBeANumber) {
  lab.host.attach("tap0", with_mode({"--vlan", "10", "--owner", "65534"}));
  const auto tun = link_info(lab.ns(), "tap0").at("linkinfo").at("info_data");
  EXPECT_TRUE(tun.at("user") == "nobody" || tun.at("user") == 65534) << tun.dump();
}

TEST_P(Ports, ExistingTapIsAttachedUnchanged) {
  lab.ns().must({"ip", "tuntap", "add", "tap0", "mode", "tap"});
  const int index = ifindex(lab.ns(), "tap0");
  lab.host.attach("tap0", with_mode({"--vlan", "10"}));
  EXPECT_EQ(ifindex(lab.ns(), "tap0"), index);
  EXPECT_EQ(lab.host.port("tap0").at("created"), false);
  lab.host.must({"detach", "tap0"});
  EXPECT_EQ(ifindex(lab.ns(), "tap0"), index);
}

TEST_P(Ports, TapThatIsAlreadyOpenIsAttached) {
  lab.ns().must({"ip", "tuntap", "add", "tap0", "mode", "tap", "vnet_hdr"});
  Tap& a = lab.open_vm("tap0");
  lab.host.attach("tap0", with_mode({"--vlan", "10"}));
  vm_in_vlan("tap1", 10);
  lab.ears.settle();
  const Frame frame = leave_partial(udp4(Ends::between(kMacA, kBroadcast)));
  a.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"tap1"}));
  EXPECT_EQ(lab.at("tap1", frame).finished(), frame.finished().bytes);
}

// Both ports map to the same place in maps/interface_cache.h.
TEST_P(Ports, CacheCollisionKeepsPortsApart) {
  constexpr int kPlaces = 4096;
  Tap& a = vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 10);
  PacketSocket& far =
      lab.add_container("far", with_mode({"--vlan", "20"}), ifindex(lab.ns(), "tap0") + kPlaces);
  Tap& d = vm_in_vlan("tap2", 20);
  const Frame of_a = udp4(Ends::between(kMacA, kBroadcast));
  a.send(of_a);
  EXPECT_EQ(lab.where(of_a), (Places{"tap1"}));
  const Frame of_far = udp4(Ends::between(kMacB, kBroadcast));
  far.send(of_far);
  EXPECT_EQ(lab.where(of_far), (Places{"tap2"}));
  const Frame to_far = udp4(Ends::between(kMacD, kMacB));
  d.send(to_far);
  EXPECT_EQ(lab.where(to_far), (Places{"far"}));
  EXPECT_EQ(lab.host.packets("tap0", "from_vm"), 1U);
  EXPECT_EQ(lab.host.packets("tap0", "to_vm"), 0U);
  EXPECT_EQ(lab.host.packets("far", "from_vm"), 1U);
  EXPECT_EQ(lab.host.packets("far", "to_vm"), 1U);
}

TEST_P(Ports, AVethEndIsAPort) {
  Tap& a = vm_in_vlan("tap0", 10);
  PacketSocket& b = lab.add_container("veth0", with_mode({"--vlan", "10"}));
  EXPECT_EQ(lab.host.port("veth0").at("kind"), "veth");
  const Frame to_b = udp4(Ends::between(kMacA, kBroadcast));
  a.send(to_b);
  EXPECT_EQ(lab.where(to_b), (Places{"veth0"}));
  EXPECT_EQ(lab.at("veth0", to_b).bytes, to_b.bytes);
  const Frame to_a = udp4(Ends::between(kMacB, kMacA));
  b.send(to_a);
  EXPECT_EQ(lab.where(to_a), (Places{"tap0"}));
}

TEST_P(Ports, RepeatedAttachSucceeds) {
  const Words command = with_mode({"attach", "tap0", "--vlan", "10", "--mac", kMacA});
  lab.host.must(command);
  const std::string before = lab.host.state();
  const CommandResult again = lab.host.xvnet(command);
  EXPECT_EQ(again.exit_code, 0) << again.describe();
  EXPECT_EQ(lab.host.state(), before);
}

TEST_P(Ports, DifferingAttachIsRefusedAndNamesTheDifference) {
  lab.host.attach("tap0", with_mode({"--vlan", "10", "--mac", kMacA}));
  const std::string before = lab.host.state();
  const std::vector<std::pair<Words, Words>> cases = {
      {{"--vlan", "20", "--mac", kMacA}, {"vlan10"}},
      {{"--vlan", "10", "--mac", kMacB}, {kMacA}},
      {{"--vlan", "10", "--mac", kMacA, "--max-macs", "7"}, {"64"}},
  };
  for (const auto& [args, words] : cases) {
    Words command = with_mode({"attach", "tap0"});
    command.insert(command.end(), args.begin(), args.end());
    const CommandResult result = lab.host.xvnet(command);
    EXPECT_EQ(result.exit_code, 1) << result.describe();
    EXPECT_EQ(error_problems(result, {"tap0"}), "");
    EXPECT_EQ(error_problems(result, words), "");
    EXPECT_NE(result.err.find("--replace"), std::string::npos) << result.describe();
    EXPECT_EQ(lab.host.state(), before);
  }
}

TEST_P(Ports, ReplaceMovesThePortToAnotherNetwork) {
  Tap& a = vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 10);
  vm_in_vlan("tap2", 20);
  a.send(udp4(Ends::between(kMacA, kBroadcast)));
  lab.host.attach("tap0", with_mode({"--vlan", "20", "--replace"}));
  lab.ears.settle();
  const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
  a.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"tap2"}));
  EXPECT_EQ(lab.host.learnt_at("vlan10", kMacA), "");
  EXPECT_EQ(lab.host.port("tap0").at("vlan"), 20);
}

TEST_P(Ports, DetachLeavesTheDeviceDown) {
  Tap& a = vm_in_vlan("tap0", 10);
  lab.host.must({"detach", "tap0"});
  EXPECT_TRUE(exists(lab.ns(), "tap0"));
  EXPECT_FALSE(is_up(lab.ns(), "tap0"));
  EXPECT_EQ(a.try_send(udp4(Ends())), EIO);
  EXPECT_TRUE(lab.host.port("tap0").is_null());
}

TEST_P(Ports, DetachDeleteRemovesTheTap) {
  lab.host.attach("tap0", with_mode({"--vlan", "10"}));
  lab.host.must({"detach", "tap0", "--delete"});
  EXPECT_FALSE(exists(lab.ns(), "tap0"));
}

TEST_P(Ports, ImplicitNetworkIsRemovedWithItsLastPort) {
  lab.host.attach("tap0", with_mode({"--vlan", "10"}));
  lab.host.attach("tap1", with_mode({"--vlan", "10"}));
  EXPECT_EQ(lab.host.network("vlan10").at("implicit"), true);
  lab.host.must({"detach", "tap0"});
  EXPECT_FALSE(lab.host.network("vlan10").is_null());
  lab.host.must({"detach", "tap1"});
  EXPECT_TRUE(lab.host.network("vlan10").is_null());
}

TEST_P(Ports, VidIsGivenBackToTheHostWithTheLastPort) {
  PacketSocket& wire = uplink("eth0");
  vm_in_vlan("tap0", 10);
  lab.bridge_over("eth0");
  lab.host.must({"detach", "tap0"});
  const Frame frame = udp4(Ends::between(kMacWire, kBroadcast));
  wire.send(frame.tagged({.vid = 10, .pcp = 1}));
  EXPECT_EQ(lab.where(frame), (Places{"host:eth0"}));
  EXPECT_EQ(lab.at("host:eth0", frame).bytes, frame.tagged({.vid = 10, .pcp = 1}).bytes);
}

TEST_P(Ports, ATapOpenedLaterWorksWithAnyHeader) {
  for (const int header : {0, 10, 12}) {
    const std::string name = "tap" + std::to_string(header);
    vm(name, {"--vlan", "10"}, {.vnet_header = header});
  }
  for (const char* from : {"tap0", "tap10", "tap12"}) {
    const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
    lab.vm(from).send(frame);
    Places others = {"tap0", "tap10", "tap12"};
    others.erase(from);
    EXPECT_EQ(lab.where(frame), others) << from;
    for (const auto& place : others) EXPECT_EQ(lab.at(place, frame).bytes, frame.bytes) << place;
  }
}

TEST_P(Ports, ATapClosedAndOpenedAgainIsStillFiltered) {
  lab.host.attach("tap0", with_mode({"--vlan", "10"}));
  vm_in_vlan("tap1", 10);
  vm_in_vlan("tap2", 20);
  for (const int header : {10, 0, 12}) {
    Tap tap(lab.ns(), "tap0", {.vnet_header = header});
    await_ready(lab.ns(), "tap0");
    const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
    const Frame tagged = udp4(Ends::between(kMacA, kBroadcast));
    tap.send(frame);
    tap.send(tagged.tagged(20));
    EXPECT_EQ(lab.where(frame), (Places{"tap1"})) << header;
    EXPECT_EQ(lab.where(tagged), (Places{})) << header;
  }
}

TEST_P(Ports, EveryQueueOfAMultiqueueTapIsAPort) {
  lab.host.attach("tap0", with_mode({"--vlan", "10", "--queues", "2"}));
  Tap& b = vm_in_vlan("tap1", 10);
  Tap first(lab.ns(), "tap0", {.multi_queue = true});
  Tap second(lab.ns(), "tap0", {.multi_queue = true});
  await_ready(lab.ns(), "tap0");
  for (Tap* queue : {&first, &second}) {
    const Frame frame = leave_partial(tcp4(Ends::between(kMacA, kBroadcast)));
    const Frame tagged = udp4(Ends::between(kMacA, kBroadcast)).tagged(20);
    queue->send(frame);
    queue->send(tagged);
    EXPECT_EQ(lab.where(frame), (Places{"tap1"}));
    EXPECT_EQ(lab.at("tap1", frame).bytes, frame.finished().bytes);
  }
  const Frame back = udp4(Ends::between(kMacB, kMacA));
  b.send(back);
  EXPECT_TRUE(eventually([&] {
    for (Tap* queue : {&first, &second}) {
      while (const auto got = queue->receive()) {
        if (contains(got->bytes, back.marker)) return true;
      }
    }
    return false;
  }));
}

TEST_P(Ports, DownRemovesEverything) {
  uplink("eth0");
  lab.host.must({"network", "add", "lab", "--host-address", "10.0.0.2/24"});
  vm_in_vlan("tap0", 10);
  vm("tap1", {"--network", "lab"});
  lab.ns().must({"ip", "tuntap", "add", "tap2", "mode", "tap"});
  lab.host.attach("tap2", with_mode({"--vlan", "10"}));
  lab.host.attach("tap3", with_mode({"--vlan", "10"}));
  lab.host.down();
  EXPECT_FALSE(exists(lab.ns(), "tap3")) << "created by attach";
  EXPECT_TRUE(exists(lab.ns(), "tap0")) << "created by attach, and a VM has it open";
  EXPECT_FALSE(is_up(lab.ns(), "tap0"));
  EXPECT_TRUE(exists(lab.ns(), "tap2")) << "created by the test";
  EXPECT_FALSE(is_up(lab.ns(), "tap2"));
  EXPECT_TRUE(is_up(lab.ns(), "eth0"));
  EXPECT_TRUE(feature(lab.ns(), "eth0", "rx-vlan-offload"));
  EXPECT_FALSE(exists(lab.ns(), "xv-lab"));
  EXPECT_FALSE(std::filesystem::exists("/sys/fs/bpf/" + lab.host.instance()));
  for (const char* what : {"ports", "networks", "uplinks", "fdb"}) {
    EXPECT_TRUE(lab.host.json({"show", what}).empty()) << what;
  }
  const auto xdp = link_info(lab.ns(), "eth0");
  EXPECT_FALSE(xdp.contains("xdp")) << xdp.dump();
}

TEST_P(Ports, DownWithoutAnInstanceSucceeds) { EXPECT_EQ(lab.host.xvnet({"down"}).exit_code, 0); }

TEST_P(Ports, ReattachedTapWorks) {
  Tap& a = vm_in_vlan("tap0", 10);
  vm_in_vlan("tap1", 20);
  lab.host.must({"detach", "tap0"});
  lab.host.attach("tap0", with_mode({"--vlan", "20"}));
  lab.ears.settle();
  const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
  a.send(frame);
  EXPECT_EQ(lab.where(frame), (Places{"tap1"}));
}

// IPv6 is on, as on a real host. Unless prevented, the kernel then sends on every interface that is
// up.
class CreatedTap : public ::testing::TestWithParam<std::string> {};
XVNET_IN_BOTH_MODES(CreatedTap);

TEST_P(CreatedTap, CarriesNoFramesOfTheHost) {
  Lab lab(Ipv6::kNormal);
  lab.add_vm("tap0", {"--vlan", "10", "--mode", GetParam()});
  // A second TAP with the kernel's defaults shows when the kernel has sent.
  lab.ns().must({"ip", "tuntap", "add", "witness", "mode", "tap", "vnet_hdr"});
  Tap& witness = lab.open_vm("witness");
  set_up(lab.ns(), "witness");
  ASSERT_TRUE(eventually([&] {
    lab.ears.flush();
    for (const Received& got : lab.ears.all(witness.name())) {
      if (got.bytes.at(0) == 0x33)
        return true;  // IPv6 multicast: MLD, DAD or a router solicitation
    }
    return false;
  }));
  EXPECT_TRUE(lab.ears.all("tap0").empty());
  const std::string addresses = lab.ns().must({"ip", "-br", "address", "show", "dev", "tap0"}).out;
  EXPECT_EQ(addresses.find("fe80"), std::string::npos) << addresses;
}

}  // namespace
}  // namespace xvnet::test
