// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <string_view>

#include "cli/parse.h"
#include "loader/base/ip_address.h"

namespace xvnet::cli {

// Parses "10.5.0.1/24" or "2001:db8::1/64". Returns the canonical text (RFC 5952), so that equal
// addresses have equal texts.
Parsed<std::string> parse_host_address(std::string_view word);

// Parses "10.0.0.7".
Parsed<Ipv4> parse_ip(std::string_view word);
Parsed<Ipv4> parse_ip_or_none(std::string_view word);  // "none" is zero

// Parses "10.0.0.0/24", without bits behind the prefix. "none" is Subnet{}.
Parsed<Subnet> parse_subnet_word(std::string_view word);

}  // namespace xvnet::cli
