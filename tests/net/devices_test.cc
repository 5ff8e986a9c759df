// SPDX-License-Identifier: BSD-2-Clause
//
// Devices that the host or another instance uses, and devices that vanish.
#include "lab.h"

namespace xvnet::test {
namespace {

// Adds a veth pair with its near end up in the host. The tests do not use the far end.
void add_device(const NetNs& ns, const std::string& name) {
  add_veth(ns, name, ns, name + "-far");
  set_up(ns, name + "-far");
  set_up(ns, name);
}

class HostDevice : public ::testing::Test {
 protected:
  void expect_refused(const std::string& device, const std::string& why) {
    const std::string before = host.state();
    const bool was_up = is_up(host.ns(), device);
    const CommandResult attached = host.xvnet({"attach", device, "--vlan", "10"});
    EXPECT_EQ(attached.exit_code, 1) << attached.describe();
    EXPECT_EQ(error_problems(attached, {"attach", device, why}), "");
    EXPECT_NE(attached.err.find("--force"), std::string::npos) << attached.describe();
    EXPECT_EQ(host.state(), before);
    EXPECT_EQ(is_up(host.ns(), device), was_up);
  }
  Host host;
};

TEST_F(HostDevice, WithAnAddressIsRefused) {
  add_device(host.ns(), "eth7");
  add_address(host.ns(), "eth7", "192.0.2.2/24");
  expect_refused("eth7", "192.0.2.2/24");
  host.attach("eth7", {"--vlan", "10", "--force"});
  EXPECT_EQ(host.port("eth7").at("state"), "up");
  // The device is a port now, so attaching it again needs no --force.
  host.attach("eth7", {"--vlan", "10"});
  host.attach("eth7", {"--vlan", "20", "--replace"});
}

TEST_F(HostDevice, OfTheDefaultRouteIsRefused) {
  add_device(host.ns(), "eth7");
  host.ns().must({"ip", "route", "add", "default", "dev", "eth7"});
  expect_refused("eth7", "default route");
}

TEST_F(HostDevice, OfOneOfSeveralDefaultRoutesIsRefused) {
  add_device(host.ns(), "eth7");
  add_device(host.ns(), "eth8");
  host.ns().must(
      {"ip", "route", "add", "default", "nexthop", "dev", "eth7", "nexthop", "dev", "eth8"});
  expect_refused("eth8", "default route");
}

TEST_F(HostDevice, OfAStaticRouteIsRefused) {
  add_device(host.ns(), "eth7");
  host.ns().must({"ip", "route", "add", "198.51.100.0/24", "dev", "eth7"});
  expect_refused("eth7", "the route 198.51.100.0/24");
}

TEST_F(HostDevice, WithAnUpperDeviceIsRefused) {
  add_device(host.ns(), "eth7");
  int known = 0;
  for (const Words& type :
       std::vector<Words>{{"macvlan"}, {"macvtap"}, {"ipvlan"}, {"vlan", "id", "7"}}) {
    Words add{"ip", "link", "add", "link", "eth7", "name", "x7", "type"};
    add.insert(add.end(), type.begin(), type.end());
    if (!host.ns().run(add).ok()) continue;  // this kernel lacks the device type
    known++;
    expect_refused("eth7", "the " + type[0] + " device x7 is on it");
    host.ns().must({"ip", "link", "set", "eth7", "down"});
    expect_refused("eth7", "x7");
    host.ns().must({"ip", "link", "set", "eth7", "up"});
    delete_link(host.ns(), "x7");
  }
  EXPECT_GT(known, 0);
  host.attach("eth7", {"--vlan", "10"});
}

TEST_F(HostDevice, OfATypeThatIsNoVmPortIsRefused) {
  add_device(host.ns(), "eth7");
  int known = 0;
  for (const Words& type : std::vector<Words>{{"bridge"},
                                              {"dummy"},
                                              {"ifb"},
                                              {"bond"},
                                              {"macvlan"},
                                              {"vlan", "id", "7"},
                                              {"vxlan", "id", "7", "dstport", "4789"}}) {
    Words add{"ip", "link", "add", "name", "x7"};
    if (type[0] == "macvlan" || type[0] == "vlan") add.insert(add.end(), {"link", "eth7"});
    add.push_back("type");
    add.insert(add.end(), type.begin(), type.end());
    if (!host.ns().run(add).ok()) continue;  // this kernel lacks the device type
    known++;
    expect_refused("x7", type[0]);
    delete_link(host.ns(), "x7");
  }
  EXPECT_GT(known, 1);
}

TEST(HostDeviceUnused, WithOnlyALinkLocalAddressIsAccepted) {
  Lab lab(Ipv6::kNormal);
  add_device(lab.ns(), "veth7");
  ASSERT_TRUE(eventually([&] {
    return lab.ns().must({"ip", "-6", "address", "show", "veth7"}).out.contains("fe80");
  }));
  lab.host.attach("veth7", {"--vlan", "10"});
}

TEST_F(HostDevice, AttachedWithForceIsRestored) {
  const std::string file = "/tmp/xvnet-" + unique_suffix() + ".json";
  add_device(host.ns(), "eth7");
  add_address(host.ns(), "eth7", "192.0.2.2/24");
  host.attach("eth7", {"--vlan", "10", "--force"});
  host.must({"save", file});
  host.down();
  host.must({"restore", file});
  EXPECT_EQ(host.port("eth7").at("state"), "up");
  unlink(file.c_str());
}

TEST_F(HostDevice, MissingTapIsCreatedAndReported) {
  const CommandResult made = host.xvnet({"attach", "tap7", "--vlan", "10"});
  EXPECT_EQ(made.err, "xvnet: created TAP tap7\n") << made.describe();
  EXPECT_EQ(host.xvnet({"attach", "tap7", "--vlan", "10"}).err, "");
  EXPECT_EQ(host.xvnet({"--dry-run", "attach", "tap8", "--vlan", "10"}).err, "");
}

class TwoInstances : public ::testing::TestWithParam<Words> {
 protected:
  TwoInstances() { host.run_behind(GetParam()); }
  ~TwoInstances() override { other({"down"}); }

  CommandResult other(const Words& args) {
    Words command = GetParam();
    command.insert(command.end(), {xvnet_binary(), "--instance", name});
    command.insert(command.end(), args.begin(), args.end());
    return host.ns().run(command);
  }
  void expect_refused(const Words& args) {
    const std::string before = host.state();
    const CommandResult result = other(args);
    EXPECT_EQ(result.exit_code, 1) << result.describe();
    EXPECT_EQ(error_problems(result, {args.back(), host.instance()}), "") << result.describe();
    EXPECT_EQ(host.state(), before);
  }

  Host host;
  const std::string name = "t" + unique_suffix();
};

TEST_P(TwoInstances, DoNotShareADevice) {
  add_device(host.ns(), "eth0");
  host.uplink_add("eth0");
  host.attach("tap0", {"--vlan", "10"});
  expect_refused({"attach", "--vlan", "20", "tap0"});
  expect_refused({"attach", "--force", "--vlan", "20", "eth0"});
  expect_refused({"uplink", "add", "--vlans", "20", "eth0"});
  expect_refused({"uplink", "add", "tap0"});
  EXPECT_EQ(host.port("tap0").at("state"), "up");
  // The other instance may use its own devices, and a device that the first instance gave back.
  EXPECT_TRUE(other({"attach", "tap1", "--vlan", "10"}).ok());
  host.must({"detach", "tap0"});
  const CommandResult attached = other({"attach", "tap0", "--vlan", "10"});
  EXPECT_TRUE(attached.ok()) << attached.describe();
}

TEST_P(TwoInstances, DoNotTakeAHostInterface) {
  host.must({"network", "add", "lab", "--host-address", "10.5.0.1/24"});
  expect_refused({"attach", "--force", "--vlan", "20", "xv-lab"});
  expect_refused({"attach", "--force", "--vlan", "20", "xp-lab"});
  expect_refused({"uplink", "add", "xv-lab"});
  expect_refused({"uplink", "add", "xp-lab"});
  for (const char* end : {"xv-lab", "xp-lab"})
    EXPECT_EQ(error_problems(host.xvnet({"uplink", "add", end}), {end, "network \"lab\""}), "");
}

INSTANTIATE_TEST_SUITE_P(By, TwoInstances,
                         ::testing::Values(Words{}, Words{"env", "XVNET_NO_TCX=1"}),
                         [](const auto& by) { return by.param.empty() ? "tcx" : "clsact"; });

// Containers that end while a command runs. Each has its own network namespace.
class VanishingDevices : public ::testing::Test {
 protected:
  static constexpr int kContainers = 10;

  void start_containers() {
    for (int at = 0; at < kContainers; at++) {
      const std::string ns_name = "xvt-" + unique_suffix();
      const std::string near = "veth" + std::to_string(at);
      host.ns().must({"ip", "netns", "add", ns_name});
      host.ns().must(
          {"ip", "link", "add", near, "type", "veth", "peer", "name", "eth0", "netns", ns_name});
      host.attach(near, {"--vlan", "10"});
      names += " " + ns_name;
    }
  }
  RunningCommand end_containers() {
    const std::string script = "for n in" + names + "; do ip netns del $n; done";
    names.clear();
    return {{"sh", "-c", script}, {}};
  }

  Host host;
  std::string names;
};

TEST_F(VanishingDevices, DoNotStopDown) {
  constexpr int kRounds = 6;
  for (int round = 0; round < kRounds && !HasFailure(); round++) {
    host.must({"network", "add", "lab", "--host-address", "10.5.0.1/24"});
    start_containers();
    RunningCommand ending = end_containers();
    const CommandResult downed = host.xvnet({"down"});
    EXPECT_TRUE(downed.ok()) << downed.describe();
    EXPECT_EQ(downed.err, "");
    EXPECT_TRUE(ending.wait().ok());
    EXPECT_TRUE(host.json({"show", "ports"}).empty());
  }
}

TEST_F(VanishingDevices, DoNotStopCommandsForOtherDevices) {
  const std::string file = "/tmp/xvnet-" + unique_suffix() + ".json";
  start_containers();
  host.must({"save", file});
  RunningCommand ending = end_containers();
  for (const Words& words : std::vector<Words>{{"attach", "tap0", "--vlan", "10"},
                                               {"restore", file},
                                               {"network", "add", "lab"},
                                               {"detach", "tap0"},
                                               {"restore", file}}) {
    const CommandResult done = host.xvnet(words);
    EXPECT_TRUE(done.ok()) << done.describe();
  }
  EXPECT_TRUE(ending.wait().ok());
  unlink(file.c_str());
}

}  // namespace
}  // namespace xvnet::test
