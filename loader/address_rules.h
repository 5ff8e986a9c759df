// SPDX-License-Identifier: BSD-2-Clause
//
// Rules that say which addresses a host can have (RFC 6890, RFC 4291).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/network.h"

namespace xvnet {

// Returns why no host can have the address ("it is a loopback address"), or an empty string.
std::string why_no_hosts(Ipv4 address);

// Returns why no host can have any address of the prefix, or an empty string.
std::string why_no_hosts(const Subnet& prefix);

// Returns why no interface can have the address, or an empty string. `bits` is the length of the
// interface's prefix, of the 128 bits of an abi::address.
std::string why_no_hosts(const abi::address& address, unsigned bits);

// Checks addresses of servers that VMs use. Each must be one that a host can have. In the network's
// subnet it must not be the first or the last address. Duplicates are refused. Errors
// (kUsage) name the field.
Result<void> check_servers(const abi::network_record& record, std::string_view field,
                           const std::vector<Ipv4>& servers);

}  // namespace xvnet
