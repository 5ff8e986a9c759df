// SPDX-License-Identifier: BSD-2-Clause
//
// An impossible command fails with a message and the right exit code, and changes nothing.
#include "lab.h"
#include "metadata_tagger.h"

namespace xvnet::test {
namespace {

class BadInput : public ::testing::Test {
 protected:
  BadInput() {
    lab.add_uplink("eth0", {"--mode", "tc"});
    lab.host.attach("tap0", {"--vlan", "10"});
  }

  // Runs the command and checks its exit code, its message, and that the state is unchanged.
  void expect_refused(const Words& command, int exit_code, const Words& words) {
    const std::string before = lab.host.state();
    const CommandResult result = lab.host.xvnet(command);
    EXPECT_EQ(result.exit_code, exit_code) << result.describe();
    EXPECT_EQ(error_problems(result, words), "");
    EXPECT_TRUE(result.out.empty()) << result.describe();
    EXPECT_EQ(lab.host.state(), before) << result.describe();
  }

  Lab lab;
};

TEST_F(BadInput, VidMustBeValid) {
  for (const char* vid : {"0", "4095", "5000", "-1", "ten", "10x", "", "99999999999999999999"}) {
    expect_refused({"attach", "tap1", "--vlan", vid}, kBadUsage, {vid});
  }
}

TEST_F(BadInput, VlanListMustBeValid) {
  for (const char* list : {"0", "10,4095", "20-10", "10-", "a-b", "10,,20", ","}) {
    expect_refused({"uplink", "add", "eth1", "--vlans", list}, kBadUsage, {"eth1"});
  }
}

TEST_F(BadInput, OtherValuesMustBeValid) {
  expect_refused({"attach", "tap1", "--vlan", "10", "--mac", "02:00"}, kBadUsage, {"02:00"});
  expect_refused({"attach", "tap1", "--vlan", "10", "--mac", "03:00:00:00:00:01"}, kBadUsage,
                 {"03:00:00:00:00:01"});
  expect_refused({"attach", "tap1", "--vlan", "10", "--mac", "00:00:00:00:00:00"}, kBadUsage, {});
  expect_refused({"attach", "tap1", "--vlan", "10", "--mode", "fast"}, kBadUsage, {"fast"});
  expect_refused({"attach", "tap1", "--vlan", "10", "--max-macs", "-2"}, kBadUsage, {"-2"});
  expect_refused({"attach", "tap1", "--vlan", "10", "--queues", "0"}, kBadUsage, {"0"});
  expect_refused({"attach", "tap1", "--vlan", "10", "--mtu", "20"}, kBadUsage, {"20"});
  expect_refused({"attach", "tap1", "--vlan", "10", "--owner", "no-such-user"}, kBadUsage,
                 {"no-such-user"});
  expect_refused({"network", "add", "n", "--host-address", "10.0.0.300/24"}, kBadUsage,
                 {"10.0.0.300/24"});
  expect_refused({"network", "add", "n", "--vlan", "10", "--ageing", "soon"}, kBadUsage, {"soon"});
}

TEST_F(BadInput, EmptyArgumentIsRefused) {
  for (const Words& command :
       std::vector<Words>{{"save", ""},
                          {"restore", ""},
                          {"restore", "--device", ""},
                          {"stats", ""},
                          {"show", ""},
                          {"detach", ""},
                          {"uplink", "add", ""},
                          {"network", "set", "vlan10", "--boot-file", ""},
                          {"network", "set", "vlan10", "--domain", ""},
                          {"network", "set", "vlan10", "--dns", ""},
                          {"network", "set", "vlan10", "--host-address", ""},
                          {"network", "set", "vlan10", "--uplink", ""},
                          {"network", "set", "vlan10", "--router", ""},
                          {"network", "set", "vlan10", "--snat", ""},
                          {"network", "set", "vlan10", "--snat-except", ""},
                          {"attach", "tap1", "--network", ""},
                          {"attach", "tap1", "--vlan", "10", "--owner", ""},
                          {"attach", "tap1", "--vlan", "10", "--hostname", ""},
                          {"forward", "del", "", "tcp", "203.0.113.5:1"}})
    expect_refused(command, kBadUsage, {});
}

TEST_F(BadInput, NoneUnsetsAndCannotBeCombined) {
  lab.host.must({"network",    "add",         "green",     "--vlan",         "20",
                 "--subnet",   "10.0.0.0/24", "--gateway", "10.0.0.1",       "--dhcp",
                 "--dns",      "192.0.2.53",  "--domain",  "lab.example",    "--boot-server",
                 "192.0.2.69", "--boot-file", "boot.ipxe", "--host-address", "10.5.0.1/24"});
  for (const Words& words :
       std::vector<Words>{{"--dns", "none", "--dns", "192.0.2.1"},
                          {"--host-address", "none", "--host-address", "10.6.0.1/24"},
                          {"--gateway", "0.0.0.0"},
                          {"--boot-server", "0.0.0.0"},
                          {"--gateway", "none"},
                          {"--subnet", "none"}}) {
    Words command{"network", "set", "green"};
    command.insert(command.end(), words.begin(), words.end());
    expect_refused(command, kBadUsage, {"green"});
  }
  lab.host.must({"network",     "set",      "green",          "--no-dhcp",     "--dns",
                 "none",        "--domain", "none",           "--boot-server", "none",
                 "--boot-file", "none",     "--host-address", "none",          "--gateway",
                 "none",        "--subnet", "none",           "--vlan",        "none"});
  lab.host.must({"network", "add", "green"});
  EXPECT_FALSE(exists(lab.ns(), "xv-green"));
  const CommandResult differs =
      lab.host.xvnet({"network", "add", "green", "--domain", "x.example"});
  EXPECT_EQ(error_problems(differs, {"--domain is none, not x.example"}), "");
  lab.host.attach("tap0", {"--vlan", "10", "--mac", "none", "--hostname", "none"});
}

TEST_F(BadInput, ForwardArgumentsMustBeValid) {
  const auto refuse = [&](const Words& words, const std::string& culprit) {
    Words command = {"forward", "add", "vlan10"};
    command.insert(command.end(), words.begin(), words.end());
    expect_refused(command, kBadUsage, {culprit});
  };
  refuse({"icmp", "203.0.113.5:1", "10.0.0.7"}, "icmp");
  for (const char* outside :
       {"203.0.113.5:65536", "203.0.113:80", "203.0.113.5:10-9", "203.0.113.5:1-", "203.0.113.5"})
    refuse({"tcp", outside, "10.0.0.7"}, outside);
  refuse({"tcp", "203.0.113.5:1-3", "10.0.0.7:1-2"}, "10.0.0.7:1-2");
  refuse({"all", "203.0.113.5:1", "10.0.0.7"}, "203.0.113.5:1");
  refuse({"all", "203.0.113.5", "10.0.0.7:1"}, "10.0.0.7:1");
  expect_refused({"forward", "add", "vlan10", "tcp", "203.0.113.5:1", "10.0.0.7"}, kFailed,
                 {"vlan10", "no public address"});
  expect_refused({"forward", "del", "vlan10", "tcp", "203.0.113.5:1"}, kFailed,
                 {"does not have this forward"});
  expect_refused({"forward", "add", "red", "tcp", "203.0.113.5:1", "10.0.0.7"}, kFailed, {"red"});
}

TEST_F(BadInput, ExactlyOneNetworkMustBeNamed) {
  expect_refused({"attach", "tap1"}, kBadUsage, {});
  expect_refused({"attach", "tap1", "--vlan", "10", "--untagged"}, kBadUsage, {});
  expect_refused({"attach", "tap1", "--vlan", "10", "--network", "vlan10"}, kBadUsage, {});
}

TEST_F(BadInput, CommandsMustExist) {
  expect_refused({"frobnicate"}, kBadUsage, {"frobnicate"});
  expect_refused({"show", "frobs"}, kBadUsage, {"frobs"});
  expect_refused({"attach", "--vlan", "10"}, kBadUsage, {});
  expect_refused({"attach", "tap1", "--vlan", "10", "--frob"}, kBadUsage, {"--frob"});
}

TEST_F(BadInput, DeviceNameMustBeValidForTheKernel) {
  for (const char* name : {"a-name-far-too-long", "", ".", "..", "a/b", "a b", "a:b"}) {
    expect_refused({"attach", name, "--vlan", "10"}, kBadUsage, {});
  }
}

TEST_F(BadInput, NetworkNameMustFitIntoItsInterfaceName) {
  expect_refused({"network", "add", "a-name-far-too-long-for-it"}, kBadUsage,
                 {"a-name-far-too-long-for-it"});
  expect_refused({"network", "add", "a/b"}, kBadUsage, {"a/b"});
  expect_refused({"network", "add", ""}, kBadUsage, {});
}

TEST_F(BadInput, MissingObjectsAreReported) {
  expect_refused({"uplink", "add", "eth9"}, kFailed, {"eth9"});
  expect_refused({"uplink", "del", "eth9"}, kFailed, {"eth9"});
  expect_refused({"attach", "tap1", "--network", "nowhere"}, kFailed, {"nowhere"});
  expect_refused({"attach", "tap1", "--untagged", "--uplink", "eth9"}, kFailed, {"eth9"});
  expect_refused({"network", "del", "nowhere"}, kFailed, {"nowhere"});
  expect_refused({"network", "set", "nowhere", "--ageing", "5"}, kFailed, {"nowhere"});
  EXPECT_FALSE(exists(lab.ns(), "tap1"));
}

TEST_F(BadInput, DetachOfAnUnattachedDeviceIsRefused) {
  expect_refused({"detach", "tap9"}, kFailed, {"tap9"});
}

TEST_F(BadInput, DeviceIsEitherPortOrUplink) {
  expect_refused({"attach", "eth0", "--vlan", "10"}, kFailed, {"eth0", "uplink"});
  expect_refused({"uplink", "add", "tap0"}, kFailed, {"tap0"});
  expect_refused({"attach", "lo", "--vlan", "10"}, kFailed, {"lo"});
  expect_refused({"uplink", "add", "lo"}, kFailed, {"lo"});
}

TEST_F(BadInput, AVlanBelongsToOneNetwork) {
  lab.host.must({"network", "add", "office", "--vlan", "40"});
  expect_refused({"network", "add", "other", "--vlan", "40"}, kFailed, {"40", "office"});
}

TEST_F(BadInput, NetworkWithPortsIsNotRemoved) {
  expect_refused({"network", "del", "vlan10"}, kFailed, {"vlan10", "ports"});
}

TEST_F(BadInput, DeviceOfAnotherNamespaceIsNotFound) {
  const NetNs elsewhere;
  add_veth(elsewhere, "eth5", elsewhere, "eth6");
  expect_refused({"uplink", "add", "eth5"}, kFailed, {"eth5"});
}

TEST_F(BadInput, AnInstanceBelongsToOneNamespace) {
  const NetNs elsewhere;
  const std::string before = lab.host.state();
  for (const Words& words :
       std::vector<Words>{{"attach", "tap1", "--vlan", "10"}, {"detach", "tap0"}, {"down"}}) {
    Words command = {xvnet_binary(), "--instance", lab.host.instance()};
    command.insert(command.end(), words.begin(), words.end());
    const CommandResult result = elsewhere.run(command);
    EXPECT_EQ(result.exit_code, kFailed) << result.describe();
    EXPECT_EQ(error_problems(result, {lab.host.instance(), "namespace"}), "");
    EXPECT_EQ(lab.host.state(), before) << result.describe();
  }
  EXPECT_FALSE(exists(elsewhere, "tap1"));
}

TEST_F(BadInput, InstanceNameMustBeValid) {
  for (const char* name : {"a/b", "..", "a.b", ""}) {
    const CommandResult result =
        lab.ns().run({xvnet_binary(), "--instance", name, "attach", "tap1", "--vlan", "10"});
    EXPECT_EQ(result.exit_code, kBadUsage) << result.describe();
  }
  EXPECT_FALSE(exists(lab.ns(), "tap1"));
}

TEST_F(BadInput, AMissingPrivilegeIsNamed) {
  const std::string before = lab.host.state();
  struct Case {
    std::string dropped;
    std::string named;
  };
  for (const Case& each : {Case{"-all", "CAP_"}, Case{"-net_admin", "CAP_NET_ADMIN"},
                           Case{"-bpf,-sys_admin", "CAP_BPF"}}) {
    const Words wrapper = {"setpriv", "--bounding-set", each.dropped, "--inh-caps", each.dropped};
    for (const Words& words : std::vector<Words>{{"attach", "tap1", "--vlan", "10"},
                                                 {"uplink", "add", "eth0", "--vlans", "3"},
                                                 {"down"}}) {
      const CommandResult result = lab.host.xvnet_behind(wrapper, words);
      EXPECT_EQ(result.exit_code, kNotPermitted) << each.dropped << "\n" << result.describe();
      EXPECT_EQ(error_problems(result, {each.named}), "");
      EXPECT_EQ(lab.host.state(), before) << result.describe();
    }
  }
  EXPECT_FALSE(exists(lab.ns(), "tap1"));
}

TEST_F(BadInput, OrdinaryUserIsRefused) {
  const Words wrapper = {"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"};
  const CommandResult result = lab.host.xvnet_behind(wrapper, {"attach", "tap1", "--vlan", "10"});
  EXPECT_EQ(result.exit_code, kNotPermitted) << result.describe();
  EXPECT_EQ(error_problems(result, {}), "");
  EXPECT_FALSE(exists(lab.ns(), "tap1"));
}

TEST_F(BadInput, TwoConcurrentCommandsGiveASequentialResult) {
  std::vector<RunningCommand> running;
  constexpr int kPorts = 8;
  for (int i = 1; i <= kPorts; ++i) {
    running.push_back(lab.host.start(
        {"attach", "tap" + std::to_string(i), "--vlan", std::to_string(i % 2 + 10)}));
  }
  for (auto& command : running) {
    const CommandResult result = command.wait();
    EXPECT_EQ(result.exit_code, kDone) << result.describe();
  }
  EXPECT_EQ(lab.host.json({"show", "ports"}).size(), kPorts + 1u);
  for (int i = 1; i <= kPorts; ++i) {
    const auto port = lab.host.port("tap" + std::to_string(i));
    EXPECT_EQ(port.at("state"), "up");
    EXPECT_EQ(port.at("vlan"), i % 2 + 10);
  }
}

TEST_F(BadInput, ConcurrentAttachesOfADeviceAttachItOnce) {
  RunningCommand first = lab.host.start({"attach", "tap1", "--vlan", "10"});
  RunningCommand second = lab.host.start({"attach", "tap1", "--vlan", "20"});
  const int codes[] = {first.wait().exit_code, second.wait().exit_code};
  EXPECT_EQ(codes[0] + codes[1], kFailed) << codes[0] << ", " << codes[1];
  EXPECT_EQ(lab.host.port("tap1").at("vlan"), codes[0] == kDone ? 10 : 20);
}

TEST_F(BadInput, ForeignXdpProgramOnAnUplinkIsNamedAndKept) {
  lab.add_wire("eth1");
  const ForeignXdp foreign(lab.ns(), "eth1");
  expect_refused({"uplink", "add", "eth1", "--vlans", "50", "--mode", "xdp"}, kFailed,
                 {"eth1", "test_program"});
  EXPECT_EQ(link_info(lab.ns(), "eth1").at("xdp").at("prog").at("id"), foreign.program_id());
}

TEST_F(BadInput, ForeignXdpProgramOnAPortIsNamedAndKept) {
  lab.ns().must({"ip", "tuntap", "add", "tap1", "mode", "tap"});
  const ForeignXdp foreign(lab.ns(), "tap1");
  expect_refused({"attach", "tap1", "--vlan", "10", "--mode", "xdp"}, kFailed,
                 {"tap1", "test_program"});
  EXPECT_EQ(link_info(lab.ns(), "tap1").at("xdp").at("prog").at("id"), foreign.program_id());
}

TEST_F(BadInput, FramesToAVethWithoutNapiArriveThroughTc) {
  const NetNs elsewhere;
  add_veth(lab.ns(), "veth0", elsewhere, "far");
  set_up(elsewhere, "far");
  const CommandResult attached =
      lab.host.xvnet({"attach", "veth0", "--vlan", "10", "--mode", "xdp"});
  EXPECT_EQ(attached.exit_code, kDone) << attached.describe();
  Tap& a = lab.add_vm("tap1", {"--vlan", "10", "--mode", "xdp"});
  PacketSocket far(elsewhere, "far");
  const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
  a.send(frame);
  EXPECT_TRUE(eventually([&] {
    const auto got = far.receive();
    return got && got->bytes == frame.bytes;
  }));
}

TEST_F(BadInput, XdpIsRefusedOnADeviceWithoutIt) {
  lab.ns().must({"ip", "link", "add", "name", "ifb5", "type", "ifb"});
  expect_refused({"uplink", "add", "ifb5", "--vlans", "50", "--mode", "xdp"}, kKernelCannot,
                 {"ifb5", "XDP"});
}

TEST_F(BadInput, AutoSelectsTcForAVeth) {
  lab.add_container("veth0", {"--vlan", "10"});
  EXPECT_EQ(lab.host.port("veth0").at("mode"), "tc");
  EXPECT_EQ(lab.host.port("veth0").at("mode_asked"), "auto");
  EXPECT_FALSE(lab.host.port("veth0").at("why").get<std::string>().empty());
}

}  // namespace
}  // namespace xvnet::test
