// SPDX-License-Identifier: BSD-2-Clause
//
// The configuration survives a reboot, a device that goes and comes back, and an unmounted bpffs.
#include <filesystem>
#include <fstream>
#include <regex>

#include "lab.h"
#include "pins.h"
#include "variable.h"

namespace xvnet::test {
namespace {

// The state without ids and ifindexes, which differ each time.
std::string state_of(const Host& host) {
  static const std::regex kNumbers("\"(id|ifindex)\": [0-9]+");
  return std::regex_replace(host.state(), kNumbers, "");
}

class StateFile {
 public:
  StateFile() : path_("/tmp/xvt-" + unique_suffix() + ".json") {}
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;
  ~StateFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }
  void write(const std::string& text) const { std::ofstream(path_) << text; }

 private:
  std::string path_;
};

void make_everything(Lab& lab) {
  lab.host.uplink_add("eth0", {"--mode", "xdp"});
  lab.host.must({"network", "add", "lab", "--host-address", "10.5.0.1/24", "--ageing", "60"});
  lab.host.attach("tap0", {"--vlan", "10", "--mac", kMacA, "--owner", "1000", "--mtu", "1400"});
  lab.host.attach("tap1", {"--untagged", "--mode", "xdp"});
  lab.host.attach("tap2", {"--network", "lab", "--queues", "2", "--max-macs", "3"});
}

TEST(Restore, AfterARebootRestoresEverything) {
  const StateFile file;
  std::string before;
  {
    Lab lab;
    lab.add_wire("eth0");
    make_everything(lab);
    lab.host.must({"save", file.path()});
    before = state_of(lab.host);
  }
  Lab lab;
  lab.add_wire("eth0");
  lab.host.must({"restore", file.path()});
  EXPECT_EQ(state_of(lab.host), before);
  // `restore` made the TAP and set it up once it was filtered. Now the VM opens it.
  lab.listen_to_host();
  Tap& vm = lab.open_vm("tap0");
  const Frame plain = udp4(Ends::between(kMacA, kBroadcast));
  const Frame tagged = udp4(Ends::between(kMacA, kBroadcast)).tagged(20);
  vm.send(plain);
  vm.send(tagged);
  EXPECT_EQ(lab.where(plain), Places{"wire:eth0"});
  EXPECT_EQ(lab.where(tagged), Places{});
}

TEST(Restore, OfTheCurrentStateChangesNothing) {
  const StateFile file;
  Lab lab;
  lab.add_wire("eth0");
  make_everything(lab);
  lab.host.must({"save", file.path()});
  const std::string before = lab.host.state();
  EXPECT_EQ(lab.host.must({"restore", file.path(), "--dry-run"}).out, "");
  lab.host.must({"restore", file.path()});
  EXPECT_EQ(lab.host.state(), before);
}

TEST(Restore, RecreatedDeviceIsTheSamePortAgain) {
  const StateFile file;
  Lab lab;
  PacketSocket& wire = lab.add_uplink("eth0");
  lab.ns().must({"ip", "tuntap", "add", "dev", "tap0", "mode", "tap"});
  lab.host.attach("tap0", {"--vlan", "10"});
  lab.host.must({"save", file.path()});
  delete_link(lab.ns(), "tap0");
  const Words again = {"restore", file.path(), "--device", "tap0"};
  EXPECT_NE(lab.host.must(again).err.find("\"tap0\": the device does not exist yet"),
            std::string::npos);
  lab.ns().must({"ip", "tuntap", "add", "dev", "tap0", "mode", "tap"});
  lab.host.must(again);
  EXPECT_EQ(lab.host.port("tap0").at("state"), "up");
  lab.open_vm("tap0");
  const Frame frame = udp4(Ends::between(kMacWire, kBroadcast));
  wire.send(frame.tagged(10));
  EXPECT_EQ(lab.where(frame), Places{"tap0"});
}

TEST(Restore, IgnoresADeviceThatTheFileDoesNotName) {
  const StateFile file;
  Lab lab;
  lab.host.must({"save", file.path()});
  lab.ns().must({"ip", "tuntap", "add", "dev", "tap0", "mode", "tap"});
  lab.host.must({"restore", file.path(), "--device", "tap0"});
  EXPECT_EQ(lab.host.port("tap0"), nullptr);
  EXPECT_FALSE(std::filesystem::exists(pin_root(lab.host.instance())));
}

// Runs with tcx links, and with clsact filters as on kernels before 6.6. A filter outlives its
// pins.
class LostPins : public ::testing::TestWithParam<const char*> {
 protected:
  const Variable no_tcx_{"XVNET_NO_TCX", GetParam()};
};
INSTANTIATE_TEST_SUITE_P(By, LostPins, ::testing::Values("", "1"),
                         [](const auto& by) { return std::string(*by.param ? "clsact" : "tcx"); });

TEST_P(LostPins, RemovedPinIsReportedAndRestoredByOneCommand) {
  const StateFile file;
  Lab lab;
  lab.host.attach("tap0", {"--vlan", "10"});
  lab.host.must({"save", file.path()});
  for (const auto& pin :
       std::filesystem::directory_iterator(own_pins(lab.host.instance()) + "/links"))
    std::filesystem::remove(pin);
  EXPECT_NE(lab.host.port("tap0").at("state"), "up");
  EXPECT_EQ(lab.host.xvnet({"doctor"}).exit_code, 1);
  lab.host.must({"restore", file.path()});
  EXPECT_EQ(lab.host.port("tap0").at("state"), "up");
  lab.host.must({"doctor"});
}

// Runs in a separate mount namespace, so that the machine's bpffs is not touched.
TEST_P(LostPins, UnmountedBpffsIsReportedAndOneCommandRestores) {
  const StateFile file;
  const Host host;
  const std::string x = xvnet_binary() + " --instance " + host.instance();
  const std::string script =
      "umount /sys/fs/bpf && mount -t bpf bpf /sys/fs/bpf && " + x + " attach tap0 --vlan 10 && " +
      x + " save " + file.path() + " && umount /sys/fs/bpf || exit 99; " + x +
      " show; echo show=$?; " + x + " doctor; echo doctor=$?; mount -t bpf bpf /sys/fs/bpf; " + x +
      " restore " + file.path() + "; echo restore=$?; " + x + " show ports --brief; " + x +
      " doctor; echo doctor=$?; " + x + " down; umount /sys/fs/bpf";
  const CommandResult result = host.ns().run({"unshare", "-m", "sh", "-c", script});
  EXPECT_EQ(result.exit_code, 0) << result.describe();
  for (const char* part : {"show=1", "doctor=1", "restore=0", "tap0", "doctor=0"})
    EXPECT_NE(result.out.find(part), std::string::npos) << part << " in " << result.describe();
  EXPECT_NE(result.err.find("no bpffs is mounted"), std::string::npos) << result.err;
}

// blue was changed without a save. That must not keep tap0 from being restored.
TEST(Restore, OneFailureDoesNotStopTheOthers) {
  const StateFile file;
  Lab lab;
  lab.host.must({"network", "add", "blue", "--vlan", "30"});
  for (const char* name : {"tap0", "tap1"})
    lab.ns().must({"ip", "tuntap", "add", "dev", name, "mode", "tap"});
  lab.host.attach("tap0", {"--vlan", "10"});
  lab.host.must({"save", file.path()});
  lab.host.must({"detach", "tap0"});
  lab.host.must({"network", "set", "blue", "--ageing", "60"});
  lab.host.must({"restore", file.path(), "--device", "tap0"});
  EXPECT_EQ(lab.host.port("tap0").at("state"), "up");

  lab.host.must({"detach", "tap0"});
  const CommandResult whole = lab.host.xvnet({"restore", file.path()});
  EXPECT_EQ(whole.exit_code, 1) << whole.describe();
  EXPECT_NE(whole.err.find("network \"blue\": it exists and differs"), std::string::npos)
      << whole.err;
  EXPECT_EQ(lab.host.port("tap0").at("state"), "up");
}

TEST(Restore, SetsDownADeviceThatCannotBeAPort) {
  const StateFile file;
  file.write(R"({"format": 1, "ports": [{"dev": "tap1", "network": "none"}]})");
  Lab lab;
  lab.ns().must({"ip", "tuntap", "add", "dev", "tap1", "mode", "tap"});
  set_up(lab.ns(), "tap1");
  const CommandResult result = lab.host.xvnet({"restore", file.path(), "--device", "tap1"});
  EXPECT_EQ(result.exit_code, 1) << result.describe();
  EXPECT_NE(result.err.find("\"tap1\": it was set down"), std::string::npos) << result.err;
  EXPECT_FALSE(is_up(lab.ns(), "tap1"));
}

class BadFile : public ::testing::TestWithParam<const char*> {};

TEST_P(BadFile, IsRefusedAndNothingChanges) {
  const StateFile file;
  file.write(GetParam());
  Lab lab;
  lab.host.attach("tap9", {"--vlan", "20"});
  const std::string before = lab.host.state();
  const CommandResult result = lab.host.xvnet({"restore", file.path()});
  EXPECT_EQ(result.exit_code, 1) << result.describe();
  EXPECT_EQ(error_problems(result, {}), "");
  EXPECT_EQ(lab.host.state(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Every, BadFile,
    ::testing::Values(
        "", "{", "[]", "null", "{}", "\xff\xfe", R"({"format": 2})", R"({"format": "1"})",
        R"({"format": 1, "format": 1})", R"({"format": 1, "extra": 1})",
        R"({"format": 1, "ports": {}})", R"({"format": 1, "ports": [1]})",
        R"({"format": 1, "ports": [{}]})", R"({"format": 1, "ports": [{"dev": "tap0"}]})",
        R"({"format": 1, "ports": [{"dev": "tap0", "vlan": 5000, "create": true}]})",
        R"({"format": 1, "ports": [{"dev": "tap0", "vlan": "10", "create": true}]})",
        R"({"format": 1, "ports": [{"dev": "tap0", "vlan": -1, "create": true}]})",
        R"({"format": 1, "ports": [{"dev": "tap0", "vlan": 1e3, "create": true}]})",
        R"({"format": 1, "ports": [{"dev": "../../x", "vlan": 10, "create": true}]})",
        R"({"format": 1, "ports": [{"dev": "tap0", "dev": "tap1", "vlan": 10, "create": true}]})",
        R"({"format": 1, "ports": [{"dev": "tap0", "vlan": 10, "mac": "ff:ff:ff:ff:ff:ff"}]})",
        R"({"format": 1, "networks": [{"name": "lab", "host_addresses": ["10.5.0.1/99"]}]})",
        R"({"format": 1, "uplinks": [{"dev": "eth0", "vlans": "20-10"}]})",
        // Each of these two ports is valid alone.
        R"({"format": 1, "ports": [{"dev": "tap0", "vlan": 10, "create": true},
                                   {"dev": "tap0", "vlan": 20, "create": true}]})"));

}  // namespace
}  // namespace xvnet::test
