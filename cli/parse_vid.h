// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <string_view>

#include "cli/parse.h"
#include "loader/model/request.h"

namespace xvnet::cli {

Parsed<std::uint16_t> parse_vid(std::string_view word);

// Parses "10,20-30": VIDs and inclusive ranges in any order; or "none".
Parsed<VidSet> parse_vid_set(std::string_view word);

}  // namespace xvnet::cli
