// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <string_view>

#include "cli/parse.h"

namespace xvnet::cli {

// "10.5.0.1/24" or "2001:db8::1/64", in the form RFC 5952 gives: one text for one address.
Parsed<std::string> parse_host_address(std::string_view word);

}  // namespace xvnet::cli
