// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse_number.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "cli/text.h"

namespace xvnet::cli {

std::optional<std::uint32_t> parse_digits(std::string_view word, Range range) {
  std::uint32_t number = 0;
  const char* const begin = std::to_address(word.begin());
  const char* const end = std::to_address(word.end());
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  if (number < range.least || number > range.most) return std::nullopt;
  return number;
}

Parsed<std::uint32_t> parse_number(std::string_view word, std::string_view what, Range range) {
  if (const auto number = parse_digits(word, range)) return *number;
  return std::unexpected(
      fmt::format("{} {} is not {} to {}", what, quote(word), range.least, range.most));
}

}  // namespace xvnet::cli
