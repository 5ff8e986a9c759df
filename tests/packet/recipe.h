// SPDX-License-Identifier: BSD-2-Clause
//
// A test case of the random test and the packet fuzzer, as text: what the tables hold, and frames
// layer by layer. One step a line, "#" starts a comment:
//
//   entry red d b static      # red's FDB says that b's MAC is at a port of blue
//   from a 0
//   eth b a
//   ip4 0 0 0
//   tcp 0 16
//   payload 64
//   checksum pseudo
//
// A step changes the tables (world.h), starts a frame, adds a layer to it, or spoils it
// (recipe_frame.h). Any list of steps is a test case, so whatever changes a list gives another one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xvnet::test {

enum class Op : uint8_t {
  // The tables.
  kEntry,
  kLearnt,
  kMembers,
  kLimit,
  kInterface,
  kNetwork,
  kGateway,
  kAddress,
  kVlan,
  kDevice,
  // A frame, and its layers from the outside in.
  kFrom,
  kEth,
  kTag,
  kArp,
  kIp4,
  kIp6,
  kHopOptions,
  kDestinationOptions,
  kRouting,
  kFragment,
  kTcp,
  kUdp,
  kIcmp,
  kGre,
  kVxlan,
  kGeneve,
  kType,
  kPayload,
  // Faults: of the last transport's checksum, of the last length, and of the whole frame.
  kChecksum,
  kLength,
  kPoke,
  kPad,
  kCut,
};
constexpr size_t kOps = static_cast<size_t>(Op::kCut) + 1;

constexpr size_t kOperands = 4;

struct Step {
  Op op = Op::kFrom;
  std::array<uint16_t, kOperands> values{};  // each below its operand's limit

  bool operator==(const Step&) const = default;
};
using Recipe = std::vector<Step>;

struct Operand {
  uint32_t limit = 0;                       // 0: there is none
  std::span<const std::string_view> words;  // what its values are called; empty: numbers
};

struct OpInfo {
  std::string_view name;
  std::array<Operand, kOperands> operands;
};
const OpInfo& info_of(Op op);

// What the values of operands stand for.
std::string device_of(uint16_t value);  // a device of the rig; empty: none
std::string mac_address_of(uint16_t value);
constexpr uint16_t kMacs = 24;
constexpr uint16_t kDevices = 10;  // the last is none

bool is_of_tables(Op op);
bool is_fault(Op op);

// Lines that are no step are left out, missing values are 0, too large ones wrap around.
Recipe parse_recipe(std::string_view text);
std::string print_recipe(std::span<const Step> recipe);

}  // namespace xvnet::test
