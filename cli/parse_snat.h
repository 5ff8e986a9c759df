// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/parse.h"
#include "loader/request.h"

namespace xvnet::cli {

// Either "auto", or "none", or addresses; at least one word.
Parsed<SnatRequest> parse_snat(const std::vector<std::string>& words);

// "address" or "endpoint".
// Prefixes, or "none" alone.
Parsed<std::vector<Subnet>> parse_snat_exceptions(const std::vector<std::string>& words);

Parsed<SnatFilter> parse_snat_filter(std::string_view word);

}  // namespace xvnet::cli
