// SPDX-License-Identifier: BSD-2-Clause
//
// `xvnet upgrade` under load, on every kind of attachment: not one frame may be lost, and
// everything is as it was before. XVNET_FAULT_ROUNDS says how often.
#include <filesystem>

#include "lab.h"
#include "pins.h"
#include "stream.h"
#include "variable.h"

namespace xvnet::test {
namespace {

constexpr int kRounds = 25;
constexpr std::uint64_t kFrames = 1'000'000;

int rounds() {
  const char* asked = std::getenv("XVNET_FAULT_ROUNDS");
  return asked ? std::stoi(asked) : kRounds;
}

struct How {
  const char* name;
  const char* mode;
  bool has_tcx;
};

// How a failed test shows it.
void PrintTo(const How& how, std::ostream* out) { *out << how.name; }

class Upgrade : public ::testing::TestWithParam<How> {
 protected:
  Upgrade() {
    if (!GetParam().has_tcx) no_tcx_.emplace("XVNET_NO_TCX", "1");
    wire_ = &lab.add_uplink("eth0", {"--mode", GetParam().mode});
    add("tap0", kMacA);
    add("tap1", kMacB);
    wire_->send(of_ethertype(Ends::between(kMacWire, kMacA), kTestEthertype).tagged(10));
    EXPECT_TRUE(eventually([&] { return lab.host.learnt_at("vlan10", kMacWire) == "eth0"; }));
    lab.ears.flush();
  }

  // A VM that has been heard of, so that frames to it go to it alone.
  void add(const std::string& name, const std::string& mac) {
    Tap& tap = lab.add_vm(name, {"--vlan", "10", "--mode", GetParam().mode});
    tap.send(of_ethertype(Ends::between(mac, kBroadcast), kTestEthertype));
    EXPECT_TRUE(eventually([&] { return lab.host.learnt_at("vlan10", mac) == name; }));
  }

  // What an upgrade must not change: all but ages and counters.
  std::string everything() const {
    std::set<std::string> fdb;
    for (auto entry : lab.host.json({"show", "fdb"})) {
      entry.erase("age");
      fdb.insert(entry.dump());
    }
    return lab.host.state() + nlohmann::json(fdb).dump(1);
  }

  Stream stream() {
    return {lab.vm("tap0"), kMacA, {{kMacB, lab.vm("tap1").fd()}, {kMacWire, wire_->fd()}}};
  }

  static void expect_nothing_lost(Stream& stream, std::uint64_t frames) {
    EXPECT_TRUE(eventually([&] { return stream.sent() >= frames; }, std::chrono::minutes(5)));
    stream.stop();
    EXPECT_EQ(stream.lost(), 0U) << "of " << stream.sent();
    EXPECT_EQ(stream.doubled(), 0U);
  }

  std::optional<Variable> no_tcx_;
  Lab lab;
  PacketSocket* wire_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(On, Upgrade,
                         ::testing::Values(How{"tcx", "tc", true}, How{"clsact", "tc", false},
                                           How{"xdp", "xdp", true},
                                           How{"xdp_beside_clsact", "xdp", false}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(Upgrade, ToAnotherBuildLosesNoFrame) {
  Stream load = stream();
  for (int round = 0; round < rounds() && !HasFailure(); round++) {
    const auto before = program_ids(lab.host.instance());
    forge_build(lab.host.instance(), "build " + std::to_string(round));
    lab.host.must({"upgrade"});
    for (const auto& [name, id] : program_ids(lab.host.instance()))
      EXPECT_NE(id, before.at(name)) << name;
  }
  expect_nothing_lost(load, kFrames);
  lab.host.must({"doctor"});
}

TEST_P(Upgrade, ToTheSameBuildChangesNothing) {
  const auto before = program_ids(lab.host.instance());
  lab.host.must({"upgrade"});
  EXPECT_EQ(program_ids(lab.host.instance()), before);
}

TEST_P(Upgrade, ToANewAbiLosesNoFrameAndKeepsEverything) {
  const std::string before = everything();
  Stream load = stream();
  ASSERT_TRUE(eventually([&] { return load.sent() > kFrames / 10; }));
  const auto counted = lab.host.packets("tap0", "from_vm");
  EXPECT_GE(counted, kFrames / 10);
  {
    const Variable next("XVNET_BIN", next_binary());
    lab.host.must({"upgrade"});
    expect_nothing_lost(load, kFrames);
    EXPECT_GE(lab.host.packets("tap0", "from_vm"), counted);
    EXPECT_EQ(everything(), before);
    EXPECT_FALSE(std::filesystem::exists(own_pins(lab.host.instance())));
    lab.host.must({"doctor"});
    lab.host.must({"attach", "tap7", "--vlan", "10"});
    lab.host.down();
  }
  EXPECT_FALSE(std::filesystem::exists(pin_root(lab.host.instance())));
}

}  // namespace
}  // namespace xvnet::test
