// SPDX-License-Identifier: BSD-2-Clause
//
// `xvnet upgrade` under load, on every kind of attachment. No frame may be lost, and the state must
// not change. XVNET_FAULT_ROUNDS sets the number of upgrades, and XVNET_FAULT_FRAMES the minimum
// number of frames.
#include <filesystem>

#include "lab.h"
#include "pins.h"
#include "stream.h"
#include "variable.h"
#include "xdp_neighbour.h"

namespace xvnet::test {
namespace {

constexpr int kFrames = 1'000'000;

std::uint64_t frames() {
  return static_cast<std::uint64_t>(number_in("XVNET_FAULT_FRAMES", kFrames));
}

std::uint64_t frames_of_the_wire() { return frames() / 2; }

struct Attachment {
  const char* name;
  const char* mode;
  bool has_tcx = true;
  bool is_shared = false;  // the uplink's XDP runs between two other programs
};

// Prints the attachment's name in a failure message.
void PrintTo(const Attachment& attachment, std::ostream* out) { *out << attachment.name; }

class Upgrade : public ::testing::TestWithParam<Attachment> {
 protected:
  void SetUp() override {
    if (!GetParam().has_tcx) no_tcx_.emplace("XVNET_NO_TCX", "1");
    if (GetParam().is_shared) {
      const std::string why_not = why_no_shared_xdp(lab.host);
      if (!why_not.empty()) GTEST_SKIP() << why_not;
    }
    add_uplink();
    add("tap0", kMacA);
    add("tap1", kMacB);
    wire_->send(of_ethertype(Ends::between(kMacWire, kMacA), kTestEthertype).tagged(10));
    EXPECT_TRUE(eventually([&] { return lab.host.learnt_at("vlan10", kMacWire) == "eth0"; }));
    lab.ears.flush();
  }

  void add_uplink() {
    Words args = {"--mode", GetParam().mode};
    if (GetParam().is_shared) args.emplace_back("--shared-xdp");
    wire_ = &lab.add_wire("eth0");
    if (GetParam().is_shared) before_.emplace(lab.ns(), "eth0", XdpNeighbour::kBeforeXvnet);
    lab.host.uplink_add("eth0", args);
    if (GetParam().is_shared) after_.emplace(lab.ns(), "eth0", XdpNeighbour::kAfterXvnet);
    lab.ears.settle();
  }

  // Adds a VM whose MAC is learned, so that frames to it are not flooded.
  void add(const std::string& name, const std::string& mac) {
    Tap& tap = lab.add_vm(name, {"--vlan", "10", "--mode", GetParam().mode});
    tap.send(of_ethertype(Ends::between(mac, kBroadcast), kTestEthertype));
    EXPECT_TRUE(eventually([&] { return lab.host.learnt_at("vlan10", mac) == name; }));
  }

  // The state that an upgrade must not change: everything but ages and counters.
  std::string everything() const {
    std::set<std::string> fdb;
    for (auto entry : lab.host.json({"show", "fdb"})) {
      entry.erase("age");
      fdb.insert(entry.dump());
    }
    return lab.host.state() + nlohmann::json(fdb).dump(1);
  }

  // TCP with a complete checksum, because XDP leaves a frame with a partial one to tc.
  static Frame frame(const std::string& from, const std::string& to) {
    return tcp4(Ends::between(from, to));
  }

  Stream stream_of_a_vm() {
    return {lab.vm("tap0").fd(),
            {{frame(kMacA, kMacB), lab.vm("tap1").fd()}, {frame(kMacA, kMacWire), wire_->fd()}}};
  }

  Stream stream_of_the_wire() {
    return {wire_->fd(), {{frame(kMacWire, kMacA).tagged(10), lab.vm("tap0").fd()}}};
  }

  static void expect_nothing_lost(Stream& stream, std::uint64_t frames) {
    EXPECT_TRUE(eventually([&] { return stream.sent() >= frames; }, std::chrono::minutes(5)));
    stream.stop();
    EXPECT_EQ(stream.lost(), 0U) << "of " << stream.sent();
    EXPECT_EQ(stream.doubled(), 0U);
  }

  // The XDP program after xvnet's sees no frame that xvnet redirects. It sees only the one that the
  // wire sent to be learned.
  void expect_shared() const {
    if (!GetParam().is_shared) return;
    EXPECT_GE(before_->frames(), frames_of_the_wire());
    EXPECT_EQ(after_->frames(), 1U);
  }

  std::optional<Variable> no_tcx_;
  Lab lab;
  PacketSocket* wire_ = nullptr;
  std::optional<XdpNeighbour> before_;
  std::optional<XdpNeighbour> after_;
};
INSTANTIATE_TEST_SUITE_P(On, Upgrade,
                         ::testing::Values(Attachment{"tcx", "tc", true},
                                           Attachment{"clsact", "tc", false},
                                           Attachment{"xdp", "xdp", true},
                                           Attachment{"xdp_beside_clsact", "xdp", false},
                                           Attachment{"libxdp", "xdp", true, true}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(Upgrade, ToAnotherBuildLosesNoFrame) {
  Stream load = stream_of_a_vm();
  Stream reverse = stream_of_the_wire();
  for (int round = 0; round < upgrade_rounds() && !HasFailure(); round++) {
    const auto before = program_ids(lab.host.instance());
    forge_build(lab.host.instance(), "build " + std::to_string(round));
    lab.host.must({"upgrade"});
    for (const auto& [name, id] : program_ids(lab.host.instance()))
      EXPECT_NE(id, before.at(name)) << name;
  }
  expect_nothing_lost(load, frames());
  expect_nothing_lost(reverse, frames_of_the_wire());
  expect_shared();
  lab.host.must({"doctor"});
}

TEST_P(Upgrade, ToTheSameBuildChangesNothing) {
  const auto before = program_ids(lab.host.instance());
  lab.host.must({"upgrade"});
  EXPECT_EQ(program_ids(lab.host.instance()), before);
}

TEST_P(Upgrade, ToANewAbiLosesNoFrameAndKeepsTheState) {
  const std::string before = everything();
  Stream load = stream_of_a_vm();
  Stream reverse = stream_of_the_wire();
  ASSERT_TRUE(eventually([&] { return load.sent() > frames() / 10; }));
  const auto counted = lab.host.packets("tap0", "from_vm");
  EXPECT_GE(counted, frames() / 10);
  {
    const Variable next("XVNET_BIN", next_binary());
    lab.host.must({"upgrade"});
    expect_nothing_lost(load, frames());
    expect_nothing_lost(reverse, frames_of_the_wire());
    expect_shared();
    EXPECT_GE(lab.host.packets("tap0", "from_vm"), counted);
    EXPECT_EQ(everything(), before);
    EXPECT_FALSE(std::filesystem::exists(own_pins(lab.host.instance())));
    lab.host.must({"doctor"});
    lab.host.must({"attach", "tap7", "--vlan", "10"});
    lab.host.down();
  }
  EXPECT_FALSE(std::filesystem::exists(pin_root(lab.host.instance())));
}

TEST_P(Upgrade, IsRefusedIfANetworkIdDoesNotFit) {
  set_next_network(lab.host.instance(), 9000);
  lab.host.must({"network", "add", "late"});
  const std::string before = everything();
  const auto programs = program_ids(lab.host.instance());
  {
    const Variable next("XVNET_BIN", next_binary());
    const CommandResult refused = lab.host.xvnet({"upgrade"});
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_EQ(error_problems(refused, {"networks", "hint: ", "restore"}), "");
  }
  EXPECT_EQ(program_ids(lab.host.instance()), programs);
  EXPECT_EQ(everything(), before);
  Stream load = stream_of_a_vm();
  expect_nothing_lost(load, 1000);
}

}  // namespace
}  // namespace xvnet::test
