// SPDX-License-Identifier: BSD-2-Clause
//
// `xvnet upgrade` under load, on every kind of attachment: not one frame may be lost, and
// everything is as it was before. XVNET_FAULT_ROUNDS says how often.
#include <bpf/bpf.h>

#include <filesystem>

#include "lab.h"
#include "maps/records.h"
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

std::string next_binary() {
  const char* path = std::getenv("XVNET_NEXT");
  if (!path) throw SetupError("XVNET_NEXT is not set: run the tests by ctest");
  return path;
}

struct How {
  const char* name;
  const char* mode;
  bool has_tcx;
};

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

  std::string root() const { return "/sys/fs/bpf/" + lab.host.instance(); }
  std::string own_root() const { return root() + "/v" + std::to_string(XVNET_ABI_VERSION); }

  // What an upgrade must not change: all but ages and counters.
  std::string everything() const {
    std::set<std::string> fdb;
    for (auto entry : lab.host.json({"show", "fdb"})) {
      entry.erase("age");
      fdb.insert(entry.dump());
    }
    return lab.host.state() + nlohmann::json(fdb).dump(1);
  }

  // As if the pinned programs were another build's.
  void forge_build(const std::string& build) {
    const UniqueFd map(bpf_obj_get((own_root() + "/maps/meta").c_str()));
    constexpr std::uint32_t kKey = 0;
    abi::meta meta{};
    ASSERT_EQ(bpf_map_lookup_elem(map.get(), &kKey, &meta), 0);
    std::snprintf(meta.build, sizeof meta.build, "%s", build.c_str());
    ASSERT_EQ(bpf_map_update_elem(map.get(), &kKey, &meta, BPF_ANY), 0);
  }

  // The ids of the pinned programs, by name.
  std::map<std::string, std::uint32_t> programs() const {
    std::map<std::string, std::uint32_t> ids;
    for (const auto& entry : std::filesystem::directory_iterator(own_root() + "/progs")) {
      const UniqueFd program(bpf_obj_get(entry.path().c_str()));
      bpf_prog_info info{};
      std::uint32_t size = sizeof info;
      EXPECT_EQ(bpf_obj_get_info_by_fd(program.get(), &info, &size), 0);
      ids[entry.path().filename()] = info.id;
    }
    return ids;
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
    const auto before = programs();
    forge_build("build " + std::to_string(round));
    lab.host.must({"upgrade"});
    for (const auto& [name, id] : programs()) EXPECT_NE(id, before.at(name)) << name;
  }
  expect_nothing_lost(load, kFrames);
  lab.host.must({"doctor"});
}

TEST_P(Upgrade, ToTheSameBuildChangesNothing) {
  const auto before = programs();
  lab.host.must({"upgrade"});
  EXPECT_EQ(programs(), before);
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
    EXPECT_FALSE(std::filesystem::exists(own_root()));
    lab.host.must({"doctor"});
    lab.host.must({"attach", "tap7", "--vlan", "10"});
    lab.host.down();
  }
  EXPECT_FALSE(std::filesystem::exists(root()));
}

}  // namespace
}  // namespace xvnet::test
