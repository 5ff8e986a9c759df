// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cli/parse.h"

namespace xvnet::cli {

struct Range {
  std::uint32_t least;
  std::uint32_t most;
};

// Parses decimal digits only, without a sign.
std::optional<std::uint32_t> parse_digits(std::string_view word, Range range);

// `what` names the number in an error.
Parsed<std::uint32_t> parse_number(std::string_view word, std::string_view what, Range range);

}  // namespace xvnet::cli
