// SPDX-License-Identifier: BSD-2-Clause
//
// Formats requests as command lines. `doctor` prints them as fixes, so they must be valid shell
// input.
#pragma once

#include <string>

#include "loader/model/request.h"

namespace xvnet {

// Quotes a word for the shell if it needs quotes.
std::string quoted_for_shell(std::string_view word);

std::string command_of(const PortRequest& request);    // "«attach» tap0 ‹vlan› 10"
std::string command_of(const UplinkRequest& request);  // "«uplink add» eth0"
std::string command_of(const ForwardRequest& request);
// Formats `xvnet network set` with only the SNAT addresses, or only the host addresses, of the
// network.
std::string snat_command(const NetworkRequest& network);
std::string host_address_command(const NetworkRequest& network);

}  // namespace xvnet
