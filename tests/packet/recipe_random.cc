// SPDX-License-Identifier: BSD-2-Clause
#include "recipe_random.h"

#include <linux/if_ether.h>

#include <algorithm>

#include "rig.h"

namespace xvnet::test {

namespace {

constexpr size_t kLongestRecipe = 60;

uint16_t value(size_t number) { return static_cast<uint16_t>(number); }

// Boundary values are chosen more often than other numbers.
uint16_t random_value(Dice& dice, const Operand& operand) {
  constexpr uint16_t kEdges[] = {0,      1,      kRedVid, kBlueVid, kHostsVid, 4095,  0x1000,
                                 0x2000, 0x3fff, 0x8000,  0xffff,   ETH_P_IP,  0x8808};
  if (operand.words.empty() && dice.one_in(2)) return value(dice.pick(kEdges) % operand.limit);
  return value(dice.below(operand.limit));
}

Step step(Op op, std::array<uint16_t, kOperands> values = {}) {
  return {.op = op, .values = values};
}

Step random_tag(Dice& dice) {
  constexpr uint16_t kVids[] = {0, 0, kRedVid, kRedVid, kBlueVid, kHostsVid, 4095};
  const uint16_t tpid = dice.one_in(6) ? value(1 + dice.below(2)) : uint16_t{0};
  return step(Op::kTag, {tpid, dice.pick(kVids), value(dice.below(16))});
}

class FrameWriter {
 public:
  explicit FrameWriter(Dice& dice) : dice_(dice) {}

  void add_ethernet(uint16_t source) {
    constexpr uint16_t kPlaces = 9;
    const uint16_t from = dice_.one_in(4) ? value(dice_.below(kMacs)) : source;
    const size_t limit = dice_.one_in(4) ? kMacs : kPlaces;
    frame_.push_back(step(Op::kEth, {value(dice_.below(limit)), from}));
    for (size_t tags = 0; tags < 3 && dice_.one_in(3); ++tags) frame_.push_back(random_tag(dice_));
  }

  void add_network_layer() {
    switch (dice_.below(8)) {
      case 0:
        return add(Op::kArp);
      case 1:
        return add(Op::kType);
      case 2:
      case 3:
        frame_.push_back(step(Op::kIp6));
        while (dice_.one_in(3)) add(dice_.pick(kExtensions));
        return add_transport();
      case 4:
        add(Op::kIp4);
        return add_transport();
      default:
        frame_.push_back(step(Op::kIp4));
        return add_transport();
    }
  }

  // Adds a request that a network may answer itself.
  void add_question(uint16_t source) {
    constexpr uint16_t kBroadcastMac = 9;
    constexpr uint16_t kGatewayMac = kMacs - 1;
    constexpr uint16_t kEcho = 8;
    constexpr uint16_t kFragments[] = {0, 0, 0x4000, 0x2000, 0x00b9};
    const bool is_arp = dice_.one_in(2);
    frame_.push_back(step(Op::kEth, {is_arp ? kBroadcastMac : kGatewayMac, source}));
    if (dice_.one_in(6)) frame_.push_back(random_tag(dice_));
    if (is_arp) return frame_.push_back(step(Op::kArp, {value(1 + dice_.below(2))}));
    const uint16_t options = dice_.one_in(6) ? uint16_t{1} : uint16_t{0};
    frame_.push_back(step(Op::kIp4, {options, dice_.pick(kFragments)}));
    frame_.push_back(step(Op::kIcmp, {kEcho}));
  }

  void add_payload_and_faults() {
    constexpr size_t kSizes[] = {0, 1, 20, 46, 64, 1400, 1460, 1461, 1500};
    const size_t size = dice_.one_in(3) ? dice_.below(2001) : dice_.pick(kSizes);
    frame_.push_back(step(Op::kPayload, {value(size)}));
    if (dice_.one_in(3)) add(Op::kChecksum);
    while (dice_.one_in(4)) add(dice_.pick(kFaults));
  }

  Recipe frame_;

 private:
  void add(Op op) { frame_.push_back(random_step(dice_, op)); }

  void add_transport() {
    switch (dice_.below(8)) {
      case 0:
        return add(Op::kUdp);
      case 1:
        return add(Op::kIcmp);
      case 2:
        return add_tunnel();
      case 3:
        return add(Op::kTcp);
      default:
        frame_.push_back(step(Op::kTcp));
    }
  }

  void add_tunnel() {
    if (++tunnels_ > 3) return;
    switch (dice_.below(4)) {
      case 0:
        add(Op::kGre);
        break;
      case 1:
        break;  // IP in IP
      default:
        add(Op::kUdp);
        add(dice_.one_in(2) ? Op::kVxlan : Op::kGeneve);
    }
    if (dice_.one_in(2)) add_ethernet(value(dice_.below(kMacs)));
    add_network_layer();
  }

  static constexpr Op kExtensions[] = {Op::kHopOptions, Op::kDestinationOptions, Op::kRouting,
                                       Op::kFragment};
  static constexpr Op kFaults[] = {Op::kLength, Op::kPoke, Op::kPoke, Op::kPad, Op::kCut};

  Dice& dice_;
  int tunnels_ = 0;
};

// The number of the MAC that the rig has at a device.
uint16_t mac_at(uint16_t device) {
  constexpr uint16_t kPorts = 6;
  constexpr uint16_t kWire = 6;
  constexpr uint16_t kHost = 7;
  if (device < kPorts) return device;
  return device == kPorts ? kWire : kHost;
}

// The index of each frame's first step, and the end of the list.
std::vector<size_t> frame_starts(const Recipe& recipe) {
  std::vector<size_t> starts;
  for (size_t i = 0; i < recipe.size(); ++i)
    if (recipe[i].op == Op::kFrom) starts.push_back(i);
  starts.push_back(recipe.size());
  return starts;
}

auto at(Recipe& recipe, size_t index) {
  return recipe.begin() + static_cast<std::ptrdiff_t>(index);
}

void tweak(Dice& dice, Step& step) {
  const OpInfo& info = info_of(step.op);
  const auto end = std::ranges::find(info.operands, 0u, &Operand::limit);
  const auto count = static_cast<size_t>(end - info.operands.begin());
  if (count == 0) return;
  const size_t i = dice.below(count);
  const uint32_t limit = info.operands[i].limit;
  const size_t near = step.values[i] + limit + dice.below(3) - 1;
  step.values[i] = dice.one_in(3) ? value(near % limit) : random_value(dice, info.operands[i]);
}

void repeat_frame(Dice& dice, Recipe& recipe) {
  const auto starts = frame_starts(recipe);
  if (starts.size() < 2) return;
  const size_t i = dice.below(starts.size() - 1);
  const Recipe frame(at(recipe, starts[i]), at(recipe, starts[i + 1]));
  recipe.insert(at(recipe, dice.pick(starts)), frame.begin(), frame.end());
}

void insert_frame(Dice& dice, Recipe& recipe) {
  const Recipe frame = random_frame(dice);
  recipe.insert(at(recipe, dice.pick(frame_starts(recipe))), frame.begin(), frame.end());
}

void mutate_once(Dice& dice, Recipe& recipe) {
  if (recipe.empty()) return insert_frame(dice, recipe);
  const size_t index = dice.below(recipe.size());
  switch (dice.below(12)) {
    case 0:
      recipe.erase(at(recipe, index));
      break;
    case 1:
      repeat_frame(dice, recipe);
      break;
    case 2:
      insert_frame(dice, recipe);
      break;
    case 3:
    case 4:
      recipe.insert(at(recipe, dice.pick(frame_starts(recipe))), random_change(dice));
      break;
    case 5:
    case 6:
      recipe.insert(at(recipe, index), random_step(dice, static_cast<Op>(dice.below(kOps))));
      break;
    case 7:
      std::swap(recipe[index], recipe[dice.below(recipe.size())]);
      break;
    default:
      tweak(dice, recipe[index]);
  }
}

}  // namespace

Step random_step(Dice& dice, Op op) {
  Step result{.op = op, .values = {}};
  const OpInfo& info = info_of(op);
  for (size_t i = 0; i < kOperands && info.operands[i].limit != 0; ++i)
    result.values[i] = random_value(dice, info.operands[i]);
  return result;
}

Step random_change(Dice& dice) {
  return random_step(dice, static_cast<Op>(dice.below(static_cast<size_t>(Op::kFrom))));
}

Recipe random_frame_from(Dice& dice, uint16_t device) {
  FrameWriter writer(dice);
  writer.frame_.push_back(step(Op::kFrom, {device, value(dice.one_in(20) ? 1 : 0)}));
  if (dice.one_in(6)) {
    writer.add_question(mac_at(device));
  } else {
    writer.add_ethernet(mac_at(device));
    writer.add_network_layer();
  }
  writer.add_payload_and_faults();
  return writer.frame_;
}

Recipe random_frame(Dice& dice) {
  constexpr uint16_t kUp = 6;
  return random_frame_from(dice, dice.one_in(3) ? kUp : value(dice.below(kDevices)));
}

Recipe mutated(Dice& dice, Recipe recipe) {
  for (size_t times = 1 + dice.below(4); times > 0; --times) mutate_once(dice, recipe);
  if (recipe.size() > kLongestRecipe) recipe.resize(kLongestRecipe);
  return recipe;
}

Recipe crossed(Dice& dice, const Recipe& one, const Recipe& other) {
  const auto start = static_cast<std::ptrdiff_t>(dice.below(one.size() + 1));
  const auto end = static_cast<std::ptrdiff_t>(dice.below(other.size() + 1));
  Recipe result(one.begin(), one.begin() + start);
  result.insert(result.end(), other.begin() + end, other.end());
  if (result.size() > kLongestRecipe) result.resize(kLongestRecipe);
  return result;
}

}  // namespace xvnet::test
