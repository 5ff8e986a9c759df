// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string_view>

#include "cli/parse.h"
#include "loader/base/host.h"

namespace xvnet::cli {

// Parses an individual address: neither a group address nor zero.
Parsed<Mac> parse_mac(std::string_view word);

}  // namespace xvnet::cli
