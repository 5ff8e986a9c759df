// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string_view>

#include "cli/parse.h"
#include "loader/model/request.h"

namespace xvnet::cli {

// Parses "auto", "xdp" or "tc".
Parsed<Mode> parse_mode(std::string_view word);

// Parses "on" or "off". `what` names the option in an error.
Parsed<bool> parse_switch(std::string_view word, std::string_view what);

}  // namespace xvnet::cli
