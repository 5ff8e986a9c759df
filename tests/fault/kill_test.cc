// SPDX-License-Identifier: BSD-2-Clause
//
// Each command is killed with kill -9 at every change that it makes (killer.h), while a hostile
// tenant keeps sending. No hostile frame may leak, and repeating the command must complete its
// work.
#include <filesystem>
#include <regex>

#include "hostile.h"
#include "killer.h"
#include "lab.h"
#include "pins.h"
#include "variable.h"

namespace xvnet::test {
namespace {

constexpr std::uint16_t kVictimVid = 10;
const std::set<std::uint16_t> kHostileVids = {20, 30};

// The state before each command: an uplink, the victim's tap0 and the hostile tap9.
void make_base(const Host& host) {
  host.uplink_add("eth0");
  host.attach("tap0", {"--vlan", "10"});
  host.attach("tap9", {"--vlan", "20"});
}

// Kills at every change, or at every n-th change to save time.
int stride() { return number_in("XVNET_FAULT_STRIDE", 1); }

const std::string kStateFile = "/tmp/xvt-" + unique_suffix() + ".json";

// A change to the host before or after the command.
using Action = std::function<void(Host&)>;

struct Scenario {
  const char* name;
  Words command;
  Action undo;  // restores the state before the command
  Action before = [](Host&) {};
  Action before_each = [](Host&) {};
  bool has_tcx = true;
  bool is_next = false;  // the next version's binary runs the command
};

// Prints the scenario's name in a failure message.
void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

Action commands(const std::vector<Words>& words) {
  return [words](Host& host) {
    for (const Words& each : words) host.must(each);
  };
}

Action in_namespace(const Words& words) {
  return [words](Host& host) { host.ns().must(words); };
}

void make_tap5(Host& host) {
  host.ns().must({"ip", "tuntap", "add", "dev", "tap5", "mode", "tap"});
}

// Saves tap5, so that `restore` has to bring it back.
void save_tap5(Host& host) {
  make_tap5(host);
  host.attach("tap5", {"--vlan", "20"});
  host.must({"save", kStateFile});
  host.must({"detach", "tap5"});
}

void make_container(Host& host) {
  host.ns().must({"ip", "link", "add", "c5", "type", "veth", "peer", "name", "far5"});
}

void down_and_base(Host& host) {
  host.down();
  make_base(host);
}

const Words kLab = {"network", "add", "lab", "--host-address", "10.5.0.1/24"};

const Words kTranslated = {"network",   "add",      "red",    "--subnet",   "10.0.0.0/24",
                           "--gateway", "10.0.0.1", "--snat", "203.0.113.1"};
const Words kForward = {"forward", "add", "red", "tcp", "203.0.113.5:2222", "10.0.0.7:22"};
const Words kNoForward = {"forward", "del", "red", "tcp", "203.0.113.5:2222"};

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {
      {"Attach", {"attach", "tap5", "--vlan", "20"}, commands({{"detach", "tap5"}}), make_tap5},
      {.name = "AttachByClsact",
       .command = {"attach", "tap5", "--vlan", "20"},
       .undo = commands({{"detach", "tap5"}}),
       .before = make_tap5,
       .has_tcx = false},
      {"AttachInXdpMode",
       {"attach", "tap5", "--vlan", "20", "--mode", "xdp"},
       commands({{"detach", "tap5"}}),
       make_tap5},
      {"AttachMakingTheTap",
       {"attach", "tap6", "--vlan", "30", "--mac", "02:00:00:00:00:06"},
       commands({{"detach", "tap6", "--delete"}})},
      {"AttachContainer",
       {"attach", "c5", "--vlan", "20", "--mode", "xdp"},
       commands({{"detach", "c5"}}),
       make_container},
      {"Move",
       {"attach", "tap9", "--vlan", "30", "--replace"},
       commands({{"attach", "tap9", "--vlan", "20", "--replace"}})},
      {"Detach", {"detach", "tap9"}, commands({{"attach", "tap9", "--vlan", "20"}})},
      {"Restore", {"restore", kStateFile}, commands({{"detach", "tap5"}}), save_tap5},
      {"UplinkAdd",
       {"uplink", "add", "eth1", "--vlans", "30"},
       commands({{"uplink", "del", "eth1"}}),
       in_namespace({"ip", "link", "add", "eth1", "type", "veth", "peer", "name", "far1"})},
      {"UplinkDel", {"uplink", "del", "eth0"}, commands({{"uplink", "add", "eth0"}})},
      {"NetworkAdd", kLab, commands({{"network", "del", "lab"}})},
      {"NetworkDel", {"network", "del", "lab"}, commands({kLab}), commands({kLab})},
      {"ForwardAdd", kForward, commands({kNoForward}), commands({kTranslated})},
      {"ForwardDel", kNoForward, commands({kForward}), commands({kTranslated, kForward})},
      {.name = "Upgrade",
       .command = {"upgrade"},
       .undo = [](Host&) {},
       .before_each = [](Host& host) { forge_build(host.instance(), "another"); }},
      {.name = "UpgradeByClsact",
       .command = {"upgrade"},
       .undo = [](Host&) {},
       .before_each = [](Host& host) { forge_build(host.instance(), "another"); },
       .has_tcx = false},
      {.name = "UpgradeToANewAbi", .command = {"upgrade"}, .undo = down_and_base, .is_next = true},
      {"Down", {"down"}, make_base},
  };
  return all;
}

class Kill : public ::testing::TestWithParam<Scenario> {
 protected:
  Kill() {
    if (!GetParam().has_tcx) no_tcx_.emplace("XVNET_NO_TCX", "1");
    // TAPs that the test makes itself survive `down`.
    for (const char* tap : {"tap0", "tap9"})
      host().ns().must({"ip", "tuntap", "add", "dev", tap, "mode", "tap"});
    lab.add_wire("eth0");
    make_base(host());
    lab.open_vm("tap0");
    lab.listen_to_host();
    GetParam().before(host());
    hostile_tap_.emplace(lab.ns(), hostile_device());
    hostile_.emplace(*hostile_tap_, kHostileVids, kVictimVid, kMacA);
  }

  ~Kill() override { std::filesystem::remove(kStateFile); }

  Host& host() { return lab.host; }

  // The device that the command changes, if it exists already.
  std::string hostile_device() { return exists(lab.ns(), "tap5") ? "tap5" : "tap9"; }

  bool removes() const {
    const Words& command = GetParam().command;
    return command.front() == "detach" || (command.size() > 1 && command.at(1) == "del");
  }

  std::unique_ptr<Variable> binary() const {
    if (!GetParam().is_next) return nullptr;
    return std::make_unique<Variable>("XVNET_BIN", next_binary());
  }

  // Removes ids and ifindexes, which differ each time. Also removes MAC counts, because the hostile
  // tenant's MACs are learned at any time.
  std::string state() const {
    static const std::regex kNotByCommands("\"(id|ifindex|macs)\": [0-9]+");
    return std::regex_replace(lab.host.state(), kNotByCommands, "");
  }

  std::string state_after() const {
    const auto next = binary();
    return state();
  }

  Killed kill(int n) {
    const auto next = binary();
    Words words = {xvnet_binary(), "--instance", host().instance()};
    words.insert(words.end(), GetParam().command.begin(), GetParam().command.end());
    return kill_before(lab.ns(), words, n);
  }

  void run_again() {
    const auto next = binary();
    const CommandResult result = host().xvnet(GetParam().command);
    // A repeated removal may fail because the object is already gone. Only the state matters.
    EXPECT_TRUE(result.ok() || removes()) << result.describe();
  }

  void undo() {
    const auto next = binary();
    if (GetParam().is_next) {
      host().down();
      const Variable own("XVNET_BIN", own_binary_);
      make_base(host());
    } else {
      GetParam().undo(host());
    }
  }

  std::string leaks() { return hostile_->leaks(lab.ears, {"tap0", "host"}, "wire:eth0"); }

  std::optional<Variable> no_tcx_;
  std::string own_binary_ = xvnet_binary();
  Lab lab;
  std::optional<Tap> hostile_tap_;
  std::optional<Hostile> hostile_;
};

TEST_P(Kill, LeaksNothingAndARepeatedCommandCompletes) {
  const std::string before = state();
  GetParam().before_each(host());
  run_again();
  const std::string after = state_after();
  undo();
  ASSERT_EQ(state(), before);

  bool was_killed = true;
  int n = 1;
  for (; was_killed && !HasFailure(); n += stride()) {
    GetParam().before_each(host());
    const Killed killed = kill(n);
    SCOPED_TRACE("killed before change " + std::to_string(n) + ": " + killed.at);
    was_killed = killed.was_killed;
    EXPECT_EQ(leaks(), "") << "after the kill";
    run_again();
    EXPECT_EQ(state_after(), after);
    undo();
    EXPECT_EQ(state(), before);
    EXPECT_EQ(leaks(), "") << "after the repeated command";
  }
  EXPECT_GT(n, 3) << "too few changes were interrupted";
}

INSTANTIATE_TEST_SUITE_P(Every, Kill, ::testing::ValuesIn(scenarios()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace xvnet::test
