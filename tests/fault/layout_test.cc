// SPDX-License-Identifier: BSD-2-Clause
//
// Pins of a newer or older xvnet with another table layout. Every command refuses them and says
// what to do. Traffic continues undisturbed.
#include "lab.h"
#include "pins.h"
#include "variable.h"

namespace xvnet::test {
namespace {

struct Command {
  const char* name;
  Words words;
};

std::vector<Command> every_command() {
  return {{"Attach", {"attach", "tap5", "--vlan", "20"}},
          {"Detach", {"detach", "tap0"}},
          {"UplinkAdd", {"uplink", "add", "eth0"}},
          {"UplinkDel", {"uplink", "del", "eth0"}},
          {"NetworkAdd", {"network", "add", "lab"}},
          {"NetworkSet", {"network", "set", "vlan10", "--ageing", "9"}},
          {"NetworkDel", {"network", "del", "vlan10"}},
          {"Show", {"show"}},
          {"ShowFdb", {"show", "fdb"}},
          {"Stats", {"stats"}},
          {"Save", {"save", "/dev/null"}},
          {"Down", {"down"}}};
}

// Prints the command's name in a failure message.
void PrintTo(const Command& command, std::ostream* out) { *out << command.name; }

class Layout : public ::testing::Test {
 protected:
  void make_instance() {
    lab.add_uplink("eth0");
    lab.add_vm("tap0", {"--vlan", "10"});
    lab.add_vm("tap1", {"--vlan", "10"});
  }

  void expect_refused(const Words& words) const {
    const CommandResult result = lab.host.xvnet(words);
    EXPECT_EQ(result.exit_code, kFailed) << result.describe();
    EXPECT_EQ(error_problems(result, {lab.host.instance(), "ABI", "hint: "}), "");
  }

  void expect_carries() {
    const Frame frame = udp4(Ends::between(kMacA, kBroadcast));
    const Frame tagged = udp4(Ends::between(kMacA, kBroadcast)).tagged(20);
    lab.vm("tap0").send(frame);
    lab.vm("tap0").send(tagged);
    EXPECT_EQ(lab.where(frame), (Places{"tap1", "wire:eth0"}));
    EXPECT_EQ(lab.where(tagged), Places{});
  }

  const std::string own_binary_ = xvnet_binary();
  Lab lab;
};

class NewerLayout : public Layout, public ::testing::WithParamInterface<Command> {};
class OlderLayout : public Layout, public ::testing::WithParamInterface<Command> {};

TEST_P(NewerLayout, IsRefusedAndKeepsForwarding) {
  const Variable next("XVNET_BIN", next_binary());
  make_instance();
  const std::string before = lab.host.state();
  {
    const Variable own("XVNET_BIN", own_binary_);
    expect_refused(GetParam().words);
  }
  EXPECT_EQ(lab.host.state(), before);
  EXPECT_FALSE(exists(lab.ns(), "tap5"));
  expect_carries();
  lab.host.down();
}

TEST_P(OlderLayout, IsRefusedUntilUpgradeAndKeepsForwarding) {
  make_instance();
  const std::string before = lab.host.state();
  {
    const Variable next("XVNET_BIN", next_binary());
    expect_refused(GetParam().words);
  }
  EXPECT_EQ(lab.host.state(), before);
  EXPECT_FALSE(exists(lab.ns(), "tap5"));
  expect_carries();
}

const auto kName = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(By, NewerLayout, ::testing::ValuesIn(every_command()), kName);
INSTANTIATE_TEST_SUITE_P(ByUpgrade, NewerLayout, ::testing::Values(Command{"Upgrade", {"upgrade"}}),
                         kName);
INSTANTIATE_TEST_SUITE_P(By, OlderLayout, ::testing::ValuesIn(every_command()), kName);

TEST_F(Layout, NewerOneIsReportedByDoctor) {
  const Variable next("XVNET_BIN", next_binary());
  make_instance();
  {
    const Variable own("XVNET_BIN", own_binary_);
    const CommandResult doctor = lab.host.xvnet({"doctor"});
    EXPECT_EQ(doctor.exit_code, kFailed);
    EXPECT_NE(doctor.out.find("it was created by a newer xvnet"), std::string::npos)
        << doctor.describe();
  }
  lab.host.down();
}

}  // namespace
}  // namespace xvnet::test
