// SPDX-License-Identifier: BSD-2-Clause
//
// xvnet isolates tenants between two real kernels as it does on one host. The tests check which
// stations reach each other, that no frame comes out anywhere else, and that each frame on the
// cable has exactly its tenant's tag.
#include <fmt/format.h>
#include <linux/if_ether.h>

#include <algorithm>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

#include "trials.h"

namespace xvnet::test {
namespace {

std::string hex(const Bytes& bytes) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(bytes.size(), 48); ++i) {
    text += fmt::format("{}{:02x}", i % 2 == 0 && i > 0 ? " " : "", bytes[i]);
  }
  return text;
}

std::string describe(const Sightings& sightings) {
  std::string text;
  for (const auto& [place, frames] : sightings) {
    for (const Bytes& frame : frames) text += fmt::format("  {}: {}\n", place, hex(frame));
  }
  return text.empty() ? "  nowhere\n" : text;
}

// The VIDs of a frame's 802.1Q tags from the outside in. Empty for a frame with an 802.1ad tag.
std::optional<std::vector<uint16_t>> vids_of(const Bytes& frame) {
  std::vector<uint16_t> vids;
  size_t at = 2 * ETH_ALEN;
  for (; get_be16(frame, at) == ETH_P_8021Q; at += 4)
    vids.push_back(get_be16(frame, at + 2) & 0xfff);
  if (get_be16(frame, at) == ETH_P_8021AD) return std::nullopt;
  return vids;
}

// The owner of a frame by its source MAC: the VID of a tenant, or 0 for the hosts.
std::optional<uint16_t> owner_of(const Bytes& frame) {
  const std::string source = mac_text(frame, ETH_ALEN);
  if (source == host_mac(0) || source == host_mac(1)) return uint16_t{0};
  for (const Station& station : stations()) {
    if (station.mac == source) return station.vid;
  }
  return std::nullopt;
}

class TwoHosts : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { rig_ = std::make_unique<Rig>(); }
  static void TearDownTestSuite() { rig_.reset(); }

  void SetUp() override { ASSERT_NE(rig_, nullptr) << "the hosts were not set up"; }
  // After every test, each frame that came out at a port must belong to the port's tenant. On the
  // wire, it must have that tenant's tag.
  void TearDown() override {
    if (!rig_) return;
    EXPECT_TRUE(rig_->settle());
    judge_all();
  }

  // Checks all recorded frames and discards them.
  static void judge_all() {
    for (const auto& [place, frames] : rig_->all()) {
      const auto is_wrong = [&](const Bytes& frame) { return !belongs(place, frame); };
      const auto wrong = std::ranges::find_if(frames, is_wrong);
      EXPECT_TRUE(wrong == frames.end()) << "at " << place << ": " << hex(*wrong);
    }
    rig_->forget();
  }

  static Rig& rig() { return *rig_; }
  static EmulatedHost& host(int index) { return rig_->host(index); }

  // Sends the frames. Checks that each comes out exactly where it must, and that each drop was
  // counted at the device under its reason.
  static void try_all(const std::vector<Trial>& trials, int index, const std::string& dev,
                      const std::string& direction, const std::function<void()>& send) {
    const Drops before = drops(index, dev, direction);
    send();
    EXPECT_TRUE(rig().settle());
    expect(trials);
    Drops counted = drops(index, dev, direction);
    for (const auto& [reason, count] : before) counted[reason] -= count;
    std::erase_if(counted, [](const auto& entry) { return entry.second == 0; });
    EXPECT_EQ(counted, drops_of(trials)) << "at " << place_of(index, dev);
  }

  static Drops drops(int index, const std::string& dev, const std::string& direction) {
    return host(index).xvnet({"stats", dev}).at(0).at(direction).at("drops");
  }

  static void expect(const std::vector<Trial>& trials) {
    for (const Trial& trial : trials) {
      const Sightings seen = rig().seen(trial.frame.marker);
      EXPECT_EQ(seen, trial.expected) << "sent:\n  " << hex(trial.frame.bytes) << "\nexpected:\n"
                                      << describe(trial.expected) << "seen:\n"
                                      << describe(seen);
    }
  }

 private:
  static bool belongs(const std::string& place, const Bytes& frame) {
    const std::string source = mac_text(frame, ETH_ALEN);
    if (source == kMacWire || source == kMacTwin) return true;  // its trial checks it
    const auto owner = owner_of(frame);
    // A host also receives frames of its own devices.
    if (!place.starts_with("wire/")) return owner.value_or(0) == vid_of(place);
    if (!owner) return false;
    return vids_of(frame) == (*owner == 0 ? std::vector<uint16_t>{} : std::vector{*owner});
  }

  static uint16_t vid_of(const std::string& place) {
    const auto found =
        std::ranges::find_if(stations(), [&](const Station& s) { return s.place() == place; });
    return found == stations().end() ? uint16_t{0} : found->vid;
  }

  static std::unique_ptr<Rig> rig_;
};

std::unique_ptr<Rig> TwoHosts::rig_;

TEST_F(TwoHosts, UplinksRunNativeXdp) {
  constexpr int kNative = 1;  // XDP_ATTACHED_DRV of <linux/if_link.h>
  for (int index = 0; index < 2; ++index) {
    EXPECT_EQ(host(index).xvnet({"show", "uplinks"}).at(0).at("mode"), "xdp");
    const std::string shown = host(index).must(kHost, {"ip", "-j", "link", "show", kUplink});
    const auto link = nlohmann::json::parse(shown).at(0);
    EXPECT_EQ(link.at("xdp").at("mode"), kNative) << shown;
  }
}

TEST_F(TwoHosts, PortsRunInTheRequestedModes) {
  std::map<std::string, std::string> expected;
  std::map<std::string, std::string> shown;
  for (const Station& station : stations()) expected[station.place()] = station.mode;
  for (int index = 0; index < 2; ++index) {
    for (const auto& port : host(index).xvnet({"show", "ports"})) {
      shown[place_of(index, port.at("name"))] = port.at("mode");
    }
  }
  EXPECT_EQ(shown, expected);
}

// --- Reachability between the network stacks of real kernels: tenants and hosts. ---

struct Actor {
  int host;
  std::string in;
  uint16_t network;  // 0: the hosts' own network
  Address address;
};

std::vector<Actor> actors() {
  std::vector<Actor> all;
  all.reserve(2 + stations().size());
  for (int index = 0; index < 2; ++index) all.push_back({index, kHost, 0, host_address(index)});
  for (const Station& station : stations()) {
    if (!station.is_container()) continue;
    all.push_back({station.host, station.port, station.vid, station.address});
  }
  return all;
}

// Calls the function for each actor. Both hosts work in parallel.
void for_each_actor(const std::function<void(const Actor&)>& function) {
  const auto work_of_host = [&](int index) {
    for (const Actor& actor : actors()) {
      if (actor.host == index) function(actor);
    }
  };
  auto other = std::async(std::launch::async, work_of_host, 1);
  work_of_host(0);
  other.get();
}

// The addresses that answer a ping. Where an answer is required, it tries longer.
std::set<std::string> reached_by(EmulatedHost& host, const Actor& from) {
  constexpr const char* kPing =
      "(for try in $(seq {1}); do ping -c 1 -W 1 {0} >/dev/null 2>&1 && "
      "echo {0} && break; done) & ";
  std::string script;
  for (const Actor& to : actors()) {
    const int tries = to.network == from.network ? 10 : 2;
    for (const std::string& address : {to.address.ip, to.address.ip6}) {
      script += fmt::format(kPing, address, tries);
    }
  }
  std::istringstream answers(host.must(from.in, {"sh", "-c", script + "wait"}));
  return {std::istream_iterator<std::string>(answers), {}};
}

TEST_F(TwoHosts, EachStationReachesOnlyItsOwnNetwork) {
  for_each_actor([](const Actor& from) {
    std::set<std::string> expected;
    for (const Actor& to : actors()) {
      if (to.network == from.network) expected.insert({to.address.ip, to.address.ip6});
    }
    EXPECT_EQ(reached_by(host(from.host), from), expected) << place_of(from.host, from.in);
  });
}

TEST_F(TwoHosts, FilesArriveIntactInEachNetwork) {
  constexpr const char* kServe =
      "set -e; mkdir -p /tmp/www; cd /tmp/www\n"
      "[ -e file ] || dd if=/dev/urandom of=file bs=1M count=8 2>/dev/null\n"
      "httpd -p 80 -h /tmp/www >/dev/null 2>&1\n"
      "sha256sum <file";
  std::array<std::string, 2> sums;
  for (const Actor& actor : actors()) {
    sums.at(actor.host) = host(actor.host).must(actor.in, {"sh", "-c", kServe});
  }
  ASSERT_NE(sums[0], sums[1]);
  for_each_actor([&](const Actor& to) {
    for (const Actor& from : actors()) {
      if (from.network != to.network || from.host == to.host) continue;
      for (const std::string& address : {from.address.ip, "[" + from.address.ip6 + "]"}) {
        const CommandResult fetched = host(to.host).run(
            to.in, {"sh", "-c", fmt::format("wget -q -O - http://{}/file | sha256sum", address)});
        EXPECT_EQ(fetched.out, sums.at(from.host)) << fetched.describe();
      }
    }
  });
}

// --- Isolation, frame by frame. ---

TEST_F(TwoHosts, NoFrameOfAVmReachesAnotherNetwork) {
  ASSERT_TRUE(rig().settle());  // every MAC is known after this
  for (const Station& from : stations()) {
    const std::vector<Trial> trials = hostile_trials(from);
    std::vector<Frame> frames;
    frames.reserve(trials.size());
    for (const Trial& trial : trials) frames.push_back(trial.frame);
    try_all(trials, from.host, from.port, "from_vm", [&] { rig().send(from, frames); });
    judge_all();
  }
}

TEST_F(TwoHosts, NoFrameFromTheWireReachesAnotherNetwork) {
  ASSERT_TRUE(rig().settle());  // every MAC is known after this
  for (int index = 0; index < 2; ++index) {
    const std::vector<Trial> trials = wire_trials(index);
    try_all(trials, index, kUplink, "from_uplink", [&] {
      for (const Trial& trial : trials) rig().send_to_uplink(index, trial.frame);
    });
  }
}

// A tenant's machine uses the MAC of a machine of the other tenant. The two are different stations,
// and neither gets the other's frames.
TEST_F(TwoHosts, TheSameMacInTwoTenantsIsTwoStations) {
  std::map<uint16_t, const Station*> twins;
  std::vector<Trial> trials;
  for (const Station& each : stations()) {
    // Selects tap1 of host 0 and tap0 of host 1.
    if (each.is_container() || twins.contains(each.vid) || (each.vid == 10) != (each.host == 1)) {
      continue;
    }
    twins[each.vid] = &each;
    trials.push_back(carried(each, udp4(Ends::between(kMacTwin, kBroadcast)), others_of(each)));
    rig().send(each, {trials.back().frame});
  }
  EXPECT_TRUE(rig().settle());
  for (const Station& from : stations()) {
    const Station* twin = twins.at(from.vid);
    if (&from == twin) continue;
    trials.push_back(carried(from, udp4(Ends::between(from.mac, kMacTwin)), {twin}));
    rig().send(from, {trials.back().frame});
  }
  EXPECT_TRUE(rig().settle());
  expect(trials);
}

}  // namespace
}  // namespace xvnet::test
