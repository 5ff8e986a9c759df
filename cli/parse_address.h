// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <string_view>

#include "cli/parse.h"
#include "loader/ip_address.h"

namespace xvnet::cli {

// "10.5.0.1/24" or "2001:db8::1/64", in the form RFC 5952 gives: one text for one address.
Parsed<std::string> parse_host_address(std::string_view word);

// "10.0.0.7"
Parsed<Ipv4> parse_ip(std::string_view word);
Parsed<Ipv4> parse_ip_or_none(std::string_view word);  // zero: none

// "10.0.0.0/24", with no bit behind the prefix.
Parsed<Subnet> parse_subnet_word(std::string_view word);

}  // namespace xvnet::cli
