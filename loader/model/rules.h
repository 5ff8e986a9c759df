// SPDX-License-Identifier: BSD-2-Clause
//
// Rules for names, VIDs and addresses, whatever the request: which addresses a host can have (RFC
// 6890, RFC 4291), which characters a name may have.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/model/records.h"

namespace xvnet {

// Returns why no host can have the address ("it is a loopback address"), or an empty string.
std::string why_no_hosts(Ipv4 address);

// Returns why no host can have any address of the prefix, or an empty string.
std::string why_no_hosts(const Subnet& prefix);

// Returns why no interface can have the address, or an empty string. `bits` is the length of the
// interface's prefix, of the 128 bits of an abi::address.
std::string why_no_hosts(const abi::address& address, unsigned bits);

// Checks addresses of servers that VMs use. Each must be one that a host can have. In the network's
// subnet it must not be the first or the last address. Duplicates are refused. `what` names the
// option in the error (kUsage).
Result<void> check_servers(const abi::network_record& record, std::string_view what,
                           const std::vector<Ipv4>& servers);

// Returns a kUsage error for the named network.
std::unexpected<Error> network_misuse(const abi::network_record& record, std::string_view cause);

// Whether a network's or router's name is valid: 1 to NAME_SIZE - 1 letters, digits, '-', '_' or
// '.'.
bool is_plain_name(std::string_view name);

Result<void> check_vid(std::string_view doing, std::uint16_t vid);

// Checks that a name that DHCP sends has less than `size` bytes, and only letters, digits, '-' and
// '.'.
Result<void> check_name(std::string_view doing, std::string_view name, std::size_t size);
Result<void> check_host_name(std::string_view doing, std::string_view name);

}  // namespace xvnet
