// SPDX-License-Identifier: BSD-2-Clause
//
// A command that is printed as a hint must name the instance that the operator asked for.
#include <fstream>
#include <regex>

#include "lab.h"

namespace xvnet::test {
namespace {

struct FailingCommand {
  const char* name;
  Words words;
  const char* hint;  // the command in the hint, without its instance
};

void PrintTo(const FailingCommand& command, std::ostream* out) { *out << command.name; }

const std::vector<FailingCommand> kFailingCommands = {
    {"NoNetwork", {"attach", "tap1", "--network", "nowhere"}, "network add nowhere"},
    {"NoSubnet", {"attach", "tap1", "--network", "lab", "--ip", "10.0.0.2"}, "network set lab"},
    {"NetworkDiffers", {"network", "add", "lab", "--vlan", "9"}, "network set lab"},
    {"NetworkHasPorts", {"network", "del", "lab"}, "show ports"},
    {"UplinkDiffers", {"uplink", "add", "eth0", "--vlans", "7"}, "uplink del eth0"},
    {"NotAnUplink",
     {"network", "add", "blue", "--untagged", "--uplink", "eth7"},
     "uplink add eth7"},
    {"NoSnat", {"forward", "add", "lab", "tcp", "192.0.2.2:80", "10.0.0.2"}, "network set lab"},
    {"NoForward", {"forward", "del", "lab", "tcp", "192.0.2.2:80"}, "show forwards"},
};

class Hint : public ::testing::TestWithParam<FailingCommand> {
 protected:
  Hint() {
    add_veth(host.ns(), "eth0", host.ns(), "far0");
    host.uplink_add("eth0");
    host.must({"network", "add", "lab"});
    host.attach("tap0", {"--network", "lab"});
  }
  Host host;
};

TEST_P(Hint, NamesTheInstance) {
  const CommandResult result = host.xvnet(GetParam().words);
  EXPECT_EQ(result.exit_code, 1) << result.describe();
  const std::string command = "xvnet --instance " + host.instance() + " " + GetParam().hint;
  EXPECT_NE(result.err.find(command), std::string::npos) << result.describe();
  EXPECT_FALSE(std::regex_search(result.err, std::regex("xvnet (attach|network|uplink|show)")))
      << result.describe();
}

INSTANTIATE_TEST_SUITE_P(Of, Hint, ::testing::ValuesIn(kFailingCommands),
                         [](const auto& command) { return command.param.name; });

// The hint of a warning must name the instance too.
TEST(HintOfRestore, NamesTheInstance) {
  const Host host;
  const std::string path = "/tmp/xvnet-" + unique_suffix() + ".json";
  std::ofstream(path) << R"({"format": 1, "uplinks": [{"dev": "eth7"}]})";
  const CommandResult result = host.xvnet({"restore", path});
  unlink(path.c_str());
  EXPECT_NE(result.err.find("`xvnet --instance " + host.instance() + " restore`"),
            std::string::npos)
      << result.describe();
}

}  // namespace
}  // namespace xvnet::test
