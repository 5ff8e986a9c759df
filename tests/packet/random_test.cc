// SPDX-License-Identifier: BSD-2-Clause
//
// Random and broken frames, against tables with stale entries, and the model of what must hold all
// the same. The seed is printed; XVNET_TEST_SEED repeats it.
#include <linux/if_ether.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "live_fixture.h"
#include "model.h"

namespace xvnet::test {
namespace {

constexpr int kFrames = 20000;
constexpr int kLiveFrames = 4000;
constexpr int kBatch = 100;  // copies that the TAPs can hold

class Dice {
 public:
  Dice() {
    const char* given = std::getenv("XVNET_TEST_SEED");
    seed_ = given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
    engine_.seed(seed_);
    std::cout << "XVNET_TEST_SEED=" << seed_ << "\n";
  }
  uint64_t seed() const { return seed_; }
  size_t below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(engine_);
  }
  bool one_in(size_t times) { return below(times) == 0; }
  template <typename List>
  auto& pick(List&& list) {
    return *(std::begin(list) + below(std::size(list)));
  }

 private:
  uint64_t seed_;
  std::mt19937_64 engine_;
};

const std::vector<std::string> kMacs = {"a", "b", "c", "d", "e", "f", "wire", "host", "new"};

std::string random_destination(Dice& dice) {
  static const std::vector<std::string> groups = {kBroadcast, "01:80:c2:00:00:00",
                                                  "01:80:c2:00:00:10", "01:00:0c:cc:cc:cd",
                                                  "33:33:00:00:00:01"};
  return dice.one_in(5) ? dice.pick(groups) : mac_of(dice.pick(kMacs));
}

Frame random_kind(Dice& dice, const Ends& ends) {
  switch (dice.below(14)) {
    case 0:
      return udp4(ends);
    case 1:
      return udp6(ends);
    case 2:
      return icmp4_echo(ends);
    case 3:
      return icmp6_echo(ends);
    case 4:
      return arp_request(ends);
    case 5:
      return tcp6_behind_extensions(ends);
    case 6:
      return vxlan(ends, tcp4(ends), OuterChecksum::kZero);
    case 7:
      return of_ethertype(ends, static_cast<uint16_t>(dice.below(0x10000)));
    case 8:
      return tcp4(ends, 1400 + dice.below(100));
    case 9:
    case 10:
      return tcp6(ends);
    default:
      return tcp4(ends);
  }
}

VlanTag random_tag(Dice& dice) {
  static const std::vector<uint16_t> vids = {0, 0, kRedVid, kRedVid, kBlueVid, kHostsVid, 4095};
  return {.vid = dice.pick(vids),
          .pcp = static_cast<uint8_t>(dice.below(8)),
          .dei = dice.one_in(4),
          .tpid = static_cast<uint16_t>(dice.one_in(6) ? ETH_P_8021AD : ETH_P_8021Q)};
}

// Leaves the checksum as a sender with offloads would, or in another way.
void spoil_checksum(Dice& dice, Frame& frame) {
  const Layers layers = parse_layers(frame.bytes);
  const size_t offset = checksum_offset(layers.protocol);
  if (layers.l4 == 0 || offset == 0 || layers.end < layers.l4) return;
  Layers lengthless = layers;
  lengthless.end = layers.l4;
  const uint16_t values[] = {0, 0xffff, pseudo_header_sum(frame.bytes, layers),
                             pseudo_header_sum(frame.bytes, lengthless)};
  put_be16(frame.bytes, layers.l4 + offset, dice.pick(values));
}

void mutate(Dice& dice, Bytes& bytes) {
  constexpr size_t kHeaders = 70;
  for (size_t times = 1 + dice.below(4); times > 0; --times) {
    bytes[dice.below(std::min(bytes.size(), kHeaders))] = static_cast<uint8_t>(dice.below(256));
  }
  if (dice.one_in(3)) bytes.resize(ETH_HLEN + 1 + dice.below(bytes.size() - ETH_HLEN));
}

// tc takes no test run of an IP packet that ends within its first header.
void complete_ip_header(Bytes& bytes) {
  constexpr size_t kIpv6 = 40;
  const uint16_t type = get_be16(bytes, 2 * ETH_ALEN);
  const bool is_ip = type == ETH_P_IP || type == ETH_P_IPV6;
  if (is_ip && bytes.size() < ETH_HLEN + kIpv6) bytes.resize(ETH_HLEN + kIpv6);
}

Frame random_frame(Dice& dice) {
  Frame frame =
      random_kind(dice, Ends::between(mac_of(dice.pick(kMacs)), random_destination(dice)));
  if (dice.one_in(3)) spoil_checksum(dice, frame);
  if (dice.one_in(3)) frame = frame.tagged(random_tag(dice));
  if (dice.one_in(3)) frame = frame.tagged(random_tag(dice));
  frame.vnet = {};
  if (dice.one_in(3)) mutate(dice, frame.bytes);
  complete_ip_header(frame.bytes);
  return frame;
}

std::string network_ports(uint32_t network) {
  return network == kRed ? "abc" : network == kBlue ? "d" : "ef";
}

uint32_t network_of(const std::string& port) {
  return std::string("abc").contains(port) ? kRed : port == "d" ? kBlue : kPlain;
}

class Random : public Live {
 protected:
  // Points entries of the FDB, and members, to interfaces that have nothing to do with them.
  void spoil_tables() {
    const uint32_t network = 1 + static_cast<uint32_t>(dice_.below(3));
    const std::string& target = dice_.pick(rig_.names());
    const uint32_t slots[] = {0, abi::FDB_SLOT_STATIC, abi::FDB_SLOT_HOST};
    rig_.set_entry(network, target, mac_of(dice_.pick(kMacs)), dice_.pick(slots));
    std::vector<std::string> members;
    for (size_t i = dice_.below(8); i > 0; --i) members.push_back(dice_.pick(rig_.names()));
    rig_.set_members(network, members);
  }

  static bool is_of(uint32_t network, const std::string& name) {
    return name == "up" || network_ports(network).contains(name);
  }

  void expect_as_judged(const Frame& frame, const Judgement& judgement, const std::string& from,
                        const Outcome& outcome) const {
    switch (judgement.must) {
      case Must::kLeave:
        EXPECT_EQ(outcome, left(frame));
        break;
      case Must::kDrop:
        EXPECT_EQ(outcome.verdict, Verdict::kDrop);
        EXPECT_EQ(outcome.counted.size(), 1u);
        EXPECT_FALSE(outcome.counted.contains(from + " from carried"));
        break;
      case Must::kStayInside:
        EXPECT_NE(outcome.verdict, Verdict::kOther);
        for (const auto& [what, times] : outcome.counted) {
          const std::string name = what.substr(0, what.find(' '));
          const bool carried_to = what.ends_with(" to carried");
          EXPECT_TRUE(!carried_to || is_of(judgement.network, name)) << what;
          EXPECT_TRUE(!what.contains(" from ") || name == from) << what;
        }
        break;
    }
  }

  // XDP leaves a frame as it is, or sends it on unharmed.
  void expect_whole(const Frame& frame, const Outcome& outcome) const {
    if (outcome.verdict == Verdict::kPass) {
      EXPECT_EQ(outcome, left(frame));
    }
    if (outcome.verdict != Verdict::kRedirect) return;
    EXPECT_FALSE(may_be_unfinished(frame.bytes));
    EXPECT_EQ(content(outcome.bytes), content(frame.bytes));
  }

  void run_one() {
    const Frame frame = random_frame(dice_);
    const bool is_wire = dice_.one_in(3);
    const std::string from = is_wire ? "up" : dice_.pick(Rig::ports());
    const Judgement judgement =
        is_wire ? judge_from_uplink(frame.bytes) : judge_from_vm(frame.bytes, network_of(from));
    const Outcome outcome = is_wire ? from_uplink(frame) : from_vm(from, frame);
    expect_as_judged(frame, judgement, from, outcome);
    if (on_xdp()) expect_whole(frame, outcome);
    if (HasFailure())
      ADD_FAILURE() << "from " << from << ": " << Outcome{Verdict::kOther, frame.bytes, {}};
  }

  Dice dice_;
};
INSTANTIATE_TEST_SUITE_P(Hooks, Random, both_hooks(), hook_name);

TEST_P(Random, WhateverIsSentThePromisesHold) {
  SCOPED_TRACE("seed " + std::to_string(dice_.seed()));
  for (int i = 0; i < kFrames && !HasFailure(); ++i) {
    if (i % kBatch == 0) rig_.reset();
    if (dice_.one_in(10)) spoil_tables();
    run_one();
  }
}

// On real devices: what one network's ports and its VLAN send comes out at no device of another.
TEST_P(Random, NothingComesOutInAnotherNetwork) {
  SCOPED_TRACE("seed " + std::to_string(dice_.seed()));
  attach_all();
  for (int i = 0; i < kLiveFrames && !HasFailure(); ++i) {
    if (i % kBatch == 0) rig_.reset();
    if (dice_.one_in(10)) spoil_tables();
    const Frame frame = random_frame(dice_);
    const std::string from = dice_.pick(std::vector<std::string>{"a", "b", "c"});
    if (rig_.tap(from).try_send(frame) != 0) continue;
    for (const std::string name : {"d", "e", "f", "stranger"})
      EXPECT_EQ(copies_at(name), Frames{}) << name;
    // Under XDP alone, "host" is where frames left to tc come out.
    const Frames at_host = copies_at("host");
    EXPECT_TRUE(on_xdp() || at_host.empty());
    if (HasFailure())
      ADD_FAILURE() << "from " << from << ": " << Outcome{Verdict::kOther, frame.bytes, {}};
  }
}

}  // namespace
}  // namespace xvnet::test
