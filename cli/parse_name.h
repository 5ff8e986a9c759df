// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <string_view>

#include "cli/parse.h"

namespace xvnet::cli {

// A name the kernel takes for a network device.
Parsed<std::string> parse_device_name(std::string_view word);

// As long as a device's. What else a new one may hold is for the loader to say.
Parsed<std::string> parse_network_name(std::string_view word);

// As a network's; "none" is an empty one.
Parsed<std::string> parse_router_name(std::string_view word);

// A directory below bpffs.
Parsed<std::string> parse_instance_name(std::string_view word);

// A user name or a uid; that there is such a user is for the loader to see.
Parsed<std::string> parse_owner(std::string_view word);
Parsed<std::string> parse_file_name(std::string_view word);

// A host's or a domain's: 1 to 63 letters, digits, '-' or '.'.
Parsed<std::string> parse_dns_name(std::string_view word);
Parsed<std::string> parse_dns_name_or_none(std::string_view word);  // empty: none
Parsed<std::string> parse_boot_file(std::string_view word);         // empty: none

}  // namespace xvnet::cli
