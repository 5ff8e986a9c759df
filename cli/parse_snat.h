// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/parse.h"
#include "loader/model/request.h"

namespace xvnet::cli {

// Parses either "auto", "none", or addresses. `words` is not empty.
Parsed<SnatRequest> parse_snat(const std::vector<std::string>& words);

// Parses prefixes, or only "none".
Parsed<std::vector<Subnet>> parse_snat_exceptions(const std::vector<std::string>& words);

// Parses "address" or "endpoint".
Parsed<SnatFilter> parse_snat_filter(std::string_view word);

}  // namespace xvnet::cli
