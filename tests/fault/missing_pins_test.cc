// SPDX-License-Identifier: BSD-2-Clause
//
// Pins of a working instance are removed: each one alone, each directory, and all of them. Every
// command must name what is missing, and doctor must print the commands that help. After these
// commands, no trace is left, and the instance can be made again.
#include <filesystem>

#include "lab.h"
#include "maps/tables.h"
#include "pins.h"
#include "variable.h"

namespace xvnet::test {
namespace {

// The pins of an instance with SNAT, a forward of the host's address and a host interface.
const Words kTables = {
#define TABLE(name, ...) #name,
#include "maps/tables.def"
#undef TABLE
    "continuations",
};

class World {
 public:
  World() {
    add_veth(host.ns(), "eth0", host.ns(), "wire");
    add_address(host.ns(), "eth0", "198.51.100.1/24");
    for (const char* dev : {"eth0", "wire"}) set_up(host.ns(), dev);
    host.uplink_add("eth0");
    host.must({"network", "add", "green", "--subnet", "10.0.0.0/24", "--gateway", "10.0.0.1",
               "--snat", "auto"});
    host.must({"network", "add", "lab", "--host-address", "10.5.0.1/24"});
    host.attach("tap0", {"--network", "green"});
    host.must({"forward", "add", "green", "udp", "198.51.100.1:2222", "10.0.0.2:22"});
  }

  std::string ruleset() const { return host.ns().must({"nft", "list", "ruleset"}).out; }

  // Runs each command that doctor prints, through a shell.
  void apply_fixes() const {
    for (const auto& finding : nlohmann::json::parse(host.xvnet({"--json", "doctor"}).out)) {
      if (finding.at("status") != "fail") continue;
      const CommandResult fixed = host.shell(finding.at("fix"));
      EXPECT_EQ(fixed.exit_code, 0) << finding.dump() << fixed.describe();
    }
  }

  void expect_nothing_left() const {
    EXPECT_EQ(ruleset(), "");
    for (const char* dev : {"xv-lab", "xp-lab"}) EXPECT_FALSE(exists(host.ns(), dev)) << dev;
    if (exists(host.ns(), "tap0")) {
      EXPECT_FALSE(is_up(host.ns(), "tap0"));
    }
    EXPECT_FALSE(std::filesystem::exists(pin_root(host.instance())));
    EXPECT_EQ(host.shell("tc filter show dev eth0 ingress").out, "");
  }

  void expect_new_instance_works() const {
    host.attach("tap0", {"--vlan", "10"});
    EXPECT_EQ(host.port("tap0").at("state"), "up");
    host.uplink_add("eth0");
    host.must({"network", "add", "lab", "--host-address", "10.5.0.1/24"});
    EXPECT_EQ(host.xvnet({"doctor"}).exit_code, 0) << host.xvnet({"doctor"}).describe();
    host.down();
    EXPECT_EQ(ruleset(), "");
  }

  Host host;
};

class MissingPin : public ::testing::TestWithParam<std::string> {};

TEST_P(MissingPin, IsNamedAndDownRemovesTheRest) {
  const World world;
  const std::string path = own_pins(world.host.instance()) + "/maps/" + GetParam();
  ASSERT_EQ(world.host.shell("rm " + path).exit_code, 0);
  for (const Words& words : std::vector<Words>{{"show"},
                                               {"show", "fdb"},
                                               {"stats"},
                                               {"save", "/dev/null"},
                                               {"upgrade"},
                                               {"attach", "tap5", "--vlan", "10"},
                                               {"detach", "tap0"},
                                               {"network", "add", "blue"},
                                               {"uplink", "del", "eth0"}}) {
    const CommandResult result = world.host.xvnet(words);
    EXPECT_EQ(result.exit_code, kFailed) << result.describe();
    const std::string hint = "hint: xvnet --instance " + world.host.instance() + " down";
    EXPECT_EQ(error_problems(result, {GetParam(), hint}), "");
  }
  EXPECT_FALSE(exists(world.host.ns(), "tap5"));
  const CommandResult doctor = world.host.xvnet({"doctor"});
  EXPECT_EQ(doctor.exit_code, kFailed) << doctor.describe();
  EXPECT_NE(doctor.out.find(GetParam()), std::string::npos) << doctor.describe();

  const CommandResult rehearsed = world.host.xvnet({"--dry-run", "down"});
  EXPECT_EQ(rehearsed.exit_code, 0) << rehearsed.describe();
  EXPECT_TRUE(is_up(world.host.ns(), "tap0"));
  world.apply_fixes();
  world.expect_nothing_left();
  world.expect_new_instance_works();
}

INSTANTIATE_TEST_SUITE_P(Of, MissingPin, ::testing::ValuesIn(kTables),
                         [](const auto& name) { return name.param; });

// Runs with tcx links and with clsact filters. The filters' programs survive their pins.
class MissingPins : public ::testing::TestWithParam<const char*> {
 protected:
  const Variable no_tcx_{"XVNET_NO_TCX", GetParam()};
};

TEST_P(MissingPins, OfAllTablesAreNamedAndDownRemovesTheRest) {
  const World world;
  world.host.shell("rm -r " + own_pins(world.host.instance()) + "/maps");
  EXPECT_EQ(world.host.xvnet({"show"}).exit_code, kFailed);
  world.apply_fixes();
  world.expect_nothing_left();
  world.expect_new_instance_works();
}

TEST_P(MissingPins, OfLinksAndProgramsAreRestoredByDoctorsFixes) {
  const World world;
  const std::string pins = own_pins(world.host.instance());
  for (const char* directory : {"/links", "/progs"}) {
    world.host.shell("rm -r " + pins + directory);
    EXPECT_EQ(world.host.xvnet({"doctor"}).exit_code, kFailed) << directory;
    world.apply_fixes();
    EXPECT_EQ(world.host.xvnet({"doctor"}).exit_code, 0)
        << directory << world.host.xvnet({"doctor"}).describe();
  }
}

// Runs a command of another instance in the same namespace.
CommandResult run_of_other(const World& world, const Words& args) {
  Words words = {xvnet_binary(), "--instance", "b" + world.host.instance()};
  words.insert(words.end(), args.begin(), args.end());
  return world.host.ns().run(words);
}

// The other instance in the namespace keeps its port, its backstop chain and its carrier.
TEST_P(MissingPins, OfAWholeInstanceAreReportedAndDownRemovesTheRest) {
  const World world;
  ASSERT_TRUE(run_of_other(world, {"attach", "tap9", "--vlan", "10"}).ok());
  world.host.shell("rm -rf " + pin_root(world.host.instance()));

  const CommandResult doctor = world.host.xvnet({"doctor"});
  EXPECT_EQ(doctor.exit_code, kFailed) << doctor.describe();
  EXPECT_NE(doctor.out.find("its pins are gone"), std::string::npos) << doctor.describe();
  EXPECT_EQ(doctor.out.find("tap9"), std::string::npos) << doctor.describe();
  EXPECT_TRUE(run_of_other(world, {"doctor"}).ok());
  world.apply_fixes();
  EXPECT_EQ(world.ruleset().find("\"tap0\""), std::string::npos) << world.ruleset();
  EXPECT_NE(world.ruleset().find("\"tap9\""), std::string::npos) << world.ruleset();
  EXPECT_TRUE(is_up(world.host.ns(), "tap9"));
  EXPECT_FALSE(is_up(world.host.ns(), "tap0"));
  EXPECT_TRUE(run_of_other(world, {"doctor"}).ok());
  EXPECT_EQ(world.host.xvnet({"doctor"}).exit_code, 0);

  EXPECT_TRUE(run_of_other(world, {"down"}).ok());
  world.expect_nothing_left();
  world.expect_new_instance_works();
}

// Another instance has attached the same port since. Taking the lost instance down must not touch
// that port.
TEST_P(MissingPins, OfALostInstanceDoNotAffectThePortsNewOwner) {
  const World world;
  world.host.shell("rm -rf " + pin_root(world.host.instance()));
  const CommandResult attached = run_of_other(world, {"attach", "tap0", "--vlan", "10"});
  ASSERT_TRUE(attached.ok()) << attached.describe();
  world.host.down();
  EXPECT_NE(world.ruleset().find("\"tap0\""), std::string::npos) << world.ruleset();
  EXPECT_TRUE(is_up(world.host.ns(), "tap0"));
  EXPECT_TRUE(run_of_other(world, {"doctor"}).ok()) << run_of_other(world, {"doctor"}).describe();
  EXPECT_TRUE(run_of_other(world, {"down"}).ok());
  EXPECT_EQ(world.ruleset(), "");
}

INSTANTIATE_TEST_SUITE_P(By, MissingPins, ::testing::Values("", "1"),
                         [](const auto& by) { return *by.param ? "clsact" : "tcx"; });

}  // namespace
}  // namespace xvnet::test
