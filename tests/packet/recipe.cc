// SPDX-License-Identifier: BSD-2-Clause
#include "recipe.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <sstream>

#include "rig.h"

namespace xvnet::test {

namespace {

constexpr std::string_view kDeviceWords[] = {"a", "b",  "c",        "d",    "e",
                                             "f", "up", "stranger", "host", "none"};
static_assert(std::size(kDeviceWords) == kDevices);
constexpr std::string_view kNetworkWords[] = {"none", "red", "blue", "plain", "fourth"};
constexpr std::string_view kMacWords[] = {
    "a",         "b",         "c",      "d",       "e",      "f",      "wire",   "host",
    "new",       "broadcast", "stp",    "not-stp", "lldp",   "pvst",   "cdp",    "not-cdp",
    "multicast", "zero",      "other1", "other2",  "other3", "other4", "other5", "gateway"};
static_assert(std::size(kMacWords) == kMacs);
constexpr std::string_view kEntryWords[] = {"aged", "static", "host"};
constexpr std::string_view kKindWords[] = {"none", "port", "uplink"};
constexpr std::string_view kTpidWords[] = {"8021q", "8021ad", "9100"};
constexpr std::string_view kChecksumWords[] = {"zero", "ones", "pseudo", "lengthless", "wrong"};

constexpr Operand words(std::span<const std::string_view> list) {
  return {.limit = static_cast<uint32_t>(list.size()), .words = list};
}
constexpr Operand number(uint32_t limit) { return {.limit = limit, .words = {}}; }

constexpr Operand kDevice = words(kDeviceWords);
constexpr Operand kNetworkId = words(kNetworkWords);
constexpr Operand kMac = words(kMacWords);
constexpr Operand kByte = number(0x100);
constexpr Operand kWord = number(0x10000);
constexpr Operand kVid = number(0x1000);
constexpr Operand kAddresses = number(4);     // pairs of addresses to choose from
constexpr Operand kOptionWords = number(11);  // words of four bytes

constexpr OpInfo kInfos[] = {
    {"entry", {kNetworkId, kDevice, kMac, words(kEntryWords)}},
    {"learnt", {kNetworkId, kDevice, kMac, number(8)}},  // the last operand is the slot
    {"members", {kNetworkId, number(0x200)}},            // bit n stands for device number n
    {"limit", {kNetworkId, kDevice, number(9)}},         // slots of the learner
    {"interface", {kDevice, kNetworkId, words(kKindWords), number(4)}},  // enum interface_flags
    {"network", {kNetworkId, kDevice, kVid}},                            // its uplink and its VID
    {"gateway", {kNetworkId, number(3)}},                                // one of three addresses
    {"address", {kNetworkId, number(3), kDevice, number(2)}},  // the owner; is its MAC known
    {"vlan", {kVid, kNetworkId}},
    {"device", {kDevice, number(2)}},  // whether xvnet may send on it
    {"from", {kDevice, number(2)}},    // 1: with xvnet's own mark; "host": sent by the host
    {"eth", {kMac, kMac}},             // destination, source
    {"tag", {words(kTpidWords), kVid, number(16)}},  // PCP and DEI
    {"arp", {kByte}},                                // operation
    {"ip4", {kOptionWords, kWord, kAddresses}},      // flags and fragment offset
    {"ip6", {kAddresses}},
    {"hop", {number(5)}},  // units of eight bytes beyond the first
    {"dest", {number(5)}},
    {"routing", {number(5), kByte}},  // type
    {"fragment", {kWord}},            // offset and flag
    {"tcp", {kOptionWords, kByte}},   // flags
    {"udp", {kWord}},                 // destination port
    {"icmp", {kByte}},                // type
    {"gre", {kByte}},                 // flags of its first byte
    {"vxlan", {kWord}},               // VNI
    {"geneve", {kOptionWords}},
    {"type", {kWord}},  // an EtherType with any payload
    {"payload", {number(2001)}},
    {"checksum", {words(kChecksumWords)}},
    {"length", {kWord}},  // added to the length field
    {"poke", {number(200), kByte}},
    {"pad", {number(65)}},
    {"cut", {number(200)}},  // the size of the cut frame
};
static_assert(std::size(kInfos) == kOps);

uint16_t read_value(const Operand& operand, const std::string& text) {
  const auto found = std::ranges::find(operand.words, text);
  if (found != operand.words.end())
    return static_cast<uint16_t>(std::distance(operand.words.begin(), found));
  uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return static_cast<uint16_t>(value % operand.limit);
}

bool read_step(const std::string& line, Step& step) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  const auto found = std::ranges::find(kInfos, word, &OpInfo::name);
  if (found == std::end(kInfos)) return false;
  step.op = static_cast<Op>(std::distance(std::begin(kInfos), found));
  for (size_t i = 0; i < kOperands && found->operands[i].limit != 0; ++i) {
    word.clear();
    words >> word;
    step.values[i] = read_value(found->operands[i], word);
  }
  return true;
}

std::string hardware_address(uint16_t last) {
  char text[18];
  std::snprintf(text, sizeof(text), "02:00:00:00:01:%02x", last & 0xff);
  return text;
}

}  // namespace

const OpInfo& info_of(Op op) { return kInfos[static_cast<size_t>(op)]; }

std::string device_of(uint16_t value) {
  return value + 1 < kDevices ? std::string(kDeviceWords[value]) : std::string();
}

std::string mac_address_of(uint16_t value) {
  constexpr std::string_view kOthers[] = {
      "ff:ff:ff:ff:ff:ff", "01:80:c2:00:00:00", "01:80:c2:00:00:10",
      "01:80:c2:00:00:0e", "01:00:0c:cc:cc:cd", "01:00:0c:cc:cc:cc",
      "01:00:0c:cc:cc:ce", "33:33:00:00:00:01", "00:00:00:00:00:00"};
  constexpr uint16_t kPlaces = 9;
  if (value < kPlaces) return mac_of(std::string(kMacWords[value]));
  if (value == kMacs - 1) return "02:78:76:6e:65:74";  // the gateway's MAC
  const size_t other = value - kPlaces;
  return other < std::size(kOthers) ? std::string(kOthers[other]) : hardware_address(value);
}

bool is_of_tables(Op op) { return op < Op::kFrom; }

bool is_fault(Op op) { return op >= Op::kChecksum; }

Recipe parse_recipe(std::string_view text) {
  Recipe recipe;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    Step step;
    if (read_step(line.substr(0, line.find('#')), step)) recipe.push_back(step);
  }
  return recipe;
}

std::string print_recipe(std::span<const Step> recipe) {
  std::string text;
  for (const Step& step : recipe) {
    const OpInfo& info = info_of(step.op);
    text += info.name;
    for (size_t i = 0; i < kOperands && info.operands[i].limit != 0; ++i) {
      const auto& operand = info.operands[i];
      text += ' ';
      text += operand.words.empty() ? std::to_string(step.values[i])
                                    : std::string(operand.words[step.values[i]]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace xvnet::test
