// SPDX-License-Identifier: BSD-2-Clause
//
// Devices that go while commands are at work.
#include "lab.h"

namespace xvnet::test {
namespace {

// Containers that end while a command is at work, each in a namespace of its own.
class Vanishing : public ::testing::Test {
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

TEST_F(Vanishing, DevicesAreNoObstacleToDown) {
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

TEST_F(Vanishing, DevicesAreNoObstacleToOthers) {
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
