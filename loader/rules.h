// SPDX-License-Identifier: BSD-2-Clause
//
// Rules that fields of several requests share. Errors are kUsage and name the field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "loader/result.h"

namespace xvnet {

struct Range {
  std::uint32_t least;
  std::uint32_t most;
};

// Checks that the value is in the range. `doing` begins the message: `attach "tap0"`.
Result<void> check_range(std::string_view doing, std::string_view field, std::uint32_t value,
                         Range range);

// Checks the name of a network or router: 1 to 15 letters, digits, '-', '_' or '.'.
Result<void> check_plain_name(std::string_view doing, std::string_view field,
                              std::string_view name);

// Checks the name of a host or a domain: 1 to 63 letters, digits, '-' or '.'.
Result<void> check_dns_name(std::string_view doing, std::string_view field, std::string_view name);

// The hint for a device on which XDP is impossible: "use mode tc".
std::string use_tc();

}  // namespace xvnet
