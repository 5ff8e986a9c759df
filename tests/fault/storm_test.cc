// SPDX-License-Identifier: BSD-2-Clause
//
// Many commands run at once, or are killed at random moments. XVNET_FAULT_KILLS sets the number of
// kills.
#include <signal.h>

#include <filesystem>
#include <iostream>
#include <random>

#include "hostile.h"
#include "lab.h"
#include "pins.h"
#include "variable.h"

namespace xvnet::test {
namespace {

constexpr int kKills = 100;
constexpr int kAtOnce = 50;
constexpr int kLongestUs = 60'000;

int kills() { return number_in("XVNET_FAULT_KILLS", kKills); }

std::string tap_name(int number) { return "tap" + std::to_string(number); }

TEST(Storm, FiftyConcurrentCommandsGiveASequentialResult) {
  const Host host;
  std::vector<RunningCommand> running;
  running.reserve(kAtOnce);
  for (int i = 0; i < kAtOnce; i++)
    running.push_back(host.start({"attach", tap_name(i), "--vlan", std::to_string(10 + i % 5)}));
  for (RunningCommand& each : running) {
    const CommandResult result = each.wait();
    EXPECT_EQ(result.exit_code, 0) << result.describe();
  }
  const auto ports = host.json({"show", "ports"});
  EXPECT_EQ(ports.size(), kAtOnce);
  for (const auto& port : ports) EXPECT_EQ(port.at("state"), "up") << port.dump();
  EXPECT_EQ(host.json({"show", "networks"}).size(), 5U);
  running.clear();
  for (int i = 0; i < kAtOnce; i++)
    running.push_back(host.start({"detach", tap_name(i), "--delete"}));
  for (RunningCommand& each : running) EXPECT_EQ(each.wait().exit_code, 0);
  EXPECT_EQ(host.json({"show", "ports"}).size(), 0U);
  EXPECT_EQ(host.json({"show", "networks"}).size(), 0U);
}

// Any of these commands may follow any killed command.
const std::vector<Words>& kinds() {
  static const std::vector<Words> all = {
      {"attach", "tap5", "--vlan", "20"},
      {"attach", "tap5", "--vlan", "30", "--replace", "--mode", "xdp"},
      {"attach", "tap6", "--vlan", "20", "--mac", "02:00:00:00:00:06"},
      {"detach", "tap5"},
      {"detach", "tap6", "--delete"},
      {"uplink", "del", "eth0"},
      {"uplink", "add", "eth0"},
      {"network", "add", "lab", "--host-address", "10.5.0.1/24"},
      {"network", "set", "lab", "--ageing", "60"},
      {"network", "del", "lab"},
      {"upgrade"},
      {"down"},
  };
  return all;
}

TEST(Storm, RandomKillsLeakNothingAndLaterCommandsComplete) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  Lab lab;
  lab.ns().must({"ip", "tuntap", "add", "dev", "tap0", "mode", "tap"});
  lab.ns().must({"ip", "tuntap", "add", "dev", "tap5", "mode", "tap"});
  lab.add_wire("eth0");
  lab.host.attach("tap0", {"--vlan", "10"});
  lab.open_vm("tap0");
  lab.listen_to_host();
  Tap tap5(lab.ns(), "tap5");
  const Hostile hostile(tap5, {20, 30}, 10, kMacA);
  for (int kill = 0; kill < kills() && !HasFailure(); kill++) {
    const Words& words = kinds()[random() % kinds().size()];
    SCOPED_TRACE("kill " + std::to_string(kill) + ": " + words.front() + " " + words.back());
    if (std::filesystem::exists(own_pins(lab.host.instance()) + "/maps/meta") && random() % 2)
      forge_build(lab.host.instance(), "another");
    RunningCommand running = lab.host.start(words);
    usleep(random() % kLongestUs);
    ::kill(running.pid(), SIGKILL);
    running.wait();
    EXPECT_EQ(hostile.leaks(lab.ears, {"tap0", "host"}, "wire:eth0"), "");
    // Whichever command was killed, the next commands must succeed.
    EXPECT_EQ(lab.host.xvnet({"show"}).exit_code, 0);
    lab.host.must({"uplink", "add", "eth0"});
    lab.host.must({"attach", "tap0", "--vlan", "10"});
    EXPECT_EQ(lab.host.port("tap0").at("state"), "up");
    EXPECT_EQ(lab.host.uplink("eth0").at("state"), "up");
  }
  lab.host.down();
  EXPECT_FALSE(std::filesystem::exists(pin_root(lab.host.instance())));
  EXPECT_FALSE(exists(lab.ns(), "tap6"));
  EXPECT_FALSE(exists(lab.ns(), "xv-lab"));
  EXPECT_EQ(hostile.leaks(lab.ears, {"tap0", "host"}, "wire:eth0"), "");
}

}  // namespace
}  // namespace xvnet::test
