// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse_mac.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "cli/text.h"

namespace xvnet::cli {

namespace {

constexpr std::size_t kMacTextSize = 17;  // "02:00:00:00:00:01"
constexpr std::uint8_t kGroupBit = 0x01;  // IEEE 802-2014, 8.2.2: in the first byte

std::optional<Mac> read_mac(std::string_view word) {
  if (word.size() != kMacTextSize) return std::nullopt;
  Mac mac{};
  for (std::size_t i = 0; i < mac.size(); ++i) {
    const char* digits = word.data() + 3 * i;
    const auto [stop, error] = std::from_chars(digits, digits + 2, mac[i], 16);
    if (error != std::errc{} || stop != digits + 2) return std::nullopt;
    if (i + 1 < mac.size() && digits[2] != ':') return std::nullopt;
  }
  return mac;
}

}  // namespace

Parsed<Mac> parse_mac(std::string_view word) {
  const auto mac = read_mac(word);
  if (!mac) {
    return std::unexpected(fmt::format("MAC {} is not like 02:00:00:00:00:01", quote(word)));
  }
  if (*mac == Mac{}) return std::unexpected(fmt::format("MAC {} is zero", quote(word)));
  if (mac->front() & kGroupBit) {
    return std::unexpected(fmt::format("MAC {} is a multicast address", quote(word)));
  }
  return *mac;
}

}  // namespace xvnet::cli
