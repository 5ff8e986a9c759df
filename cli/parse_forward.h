// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string_view>

#include "cli/parse.h"
#include "loader/request.h"

namespace xvnet::cli {

// "tcp", "203.0.113.5:8000-8010" and "10.0.0.7:80", or "10.0.0.7" for the same ports inside; or
// "all", "203.0.113.7" and "10.0.0.7". The network is left to the caller.
Parsed<ForwardRequest> parse_forward(std::string_view protocol, std::string_view outside,
                                     std::string_view inside);

// The first two of them: what a forward is known by.
Parsed<ForwardRequest> parse_forward_outside(std::string_view protocol, std::string_view outside);

}  // namespace xvnet::cli
