// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>
#include <string_view>

#include "cli/parse.h"

namespace xvnet::cli {

// Parses a name that the kernel accepts for a network device.
Parsed<std::string> parse_device_name(std::string_view word);

// Parses a network name, with the same rules as a device name. The loader checks the rules for new
// networks.
Parsed<std::string> parse_network_name(std::string_view word);

// Parses a router name; "none" is empty.
Parsed<std::string> parse_router_name(std::string_view word);

// Parses an instance name, which is a directory of bpffs.
Parsed<std::string> parse_instance_name(std::string_view word);

// Parses a user name or a uid. The loader checks that the user exists.
Parsed<std::string> parse_owner(std::string_view word);
Parsed<std::string> parse_file_name(std::string_view word);

// Parses the name of a host or a domain: 1 to 63 letters, digits, '-' or '.'.
Parsed<std::string> parse_dns_name(std::string_view word);
Parsed<std::string> parse_dns_name_or_none(std::string_view word);  // "none" is empty
Parsed<std::string> parse_boot_file(std::string_view word);         // "none" is empty

}  // namespace xvnet::cli
