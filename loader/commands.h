// SPDX-License-Identifier: BSD-2-Clause
//
// Requests as the command lines that ask for them: what doctor says to type. A shell reads them as
// they are.
#pragma once

#include <string>

#include "loader/request.h"

namespace xvnet {

// A word as a shell takes it, in quotes where it needs them.
std::string quoted_for_shell(std::string_view word);

std::string command_of(const PortRequest& request);    // "xvnet attach tap0 --vlan 10"
std::string command_of(const UplinkRequest& request);  // "xvnet uplink add eth0"
std::string command_of(const ForwardRequest& request);
// `xvnet network set` with nothing but what the network has of SNAT, or of host addresses.
std::string snat_command(const NetworkRequest& network);
std::string host_address_command(const NetworkRequest& network);

}  // namespace xvnet
