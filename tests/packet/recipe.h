// SPDX-License-Identifier: BSD-2-Clause
//
// A test case of the random test and the packet fuzzer, as text. It describes the tables' contents,
// and frames layer by layer. Each line is one step, and "#" starts a comment:
//
//   entry red d b static      # red's FDB says that b's MAC is at a port of blue
//   from a 0
//   eth b a
//   ip4 0 0 0
//   tcp 0 16
//   payload 64
//   checksum pseudo
//
// A step changes the tables (world.h), starts a frame, adds a layer to it, or corrupts it
// (recipe_frame.h). Any list of steps is a valid test case, so a fuzzer can change a list freely.
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
  // Steps that change the tables.
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
  // Steps that start a frame and add its layers, from the outside in.
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
  // Faults: in the last transport checksum, in the last length, and in the whole frame.
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
  std::span<const std::string_view> words;  // the names of its values; empty: plain numbers
};

struct OpInfo {
  std::string_view name;
  std::array<Operand, kOperands> operands;
};
const OpInfo& info_of(Op op);

// The meaning of operand values.
std::string device_of(uint16_t value);  // a device of the rig; empty: none
std::string mac_address_of(uint16_t value);
constexpr uint16_t kMacs = 24;
constexpr uint16_t kDevices = 10;  // the last one means no device

bool is_of_tables(Op op);
bool is_fault(Op op);

// Lines that are not steps are ignored. Missing values are 0, and values beyond the limit wrap
// around.
Recipe parse_recipe(std::string_view text);
std::string print_recipe(std::span<const Step> recipe);

}  // namespace xvnet::test
