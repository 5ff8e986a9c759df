// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string_view>

#include "cli/parse.h"
#include "loader/model/request.h"

namespace xvnet::cli {

// Parses "tcp", "203.0.113.5:8000-8010" and "10.0.0.7:80". Without an inside port, the inside ports
// are the outside ones. For a floating address: "all", "203.0.113.7" and "10.0.0.7". The caller
// sets the network.
Parsed<ForwardRequest> parse_forward(std::string_view protocol, std::string_view outside,
                                     std::string_view inside);

// Parses the protocol and the outside address, which identify a forward.
Parsed<ForwardRequest> parse_forward_outside(std::string_view protocol, std::string_view outside);

}  // namespace xvnet::cli
