// SPDX-License-Identifier: BSD-2-Clause
//
// Rules that the fields of several requests share: which addresses a host can have (RFC 6890, RFC
// 4291), which characters a name may have. Errors are kUsage and name the field.
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
// subnet it must not be the first or the last address. Duplicates are refused.
Result<void> check_servers(const abi::network_record& record, std::string_view field,
                           const std::vector<Ipv4>& servers);

// Returns a kUsage error for the named network.
std::unexpected<Error> network_misuse(const abi::network_record& record, std::string_view cause);

struct Range {
  std::uint32_t least;
  std::uint32_t most;
};

// Checks that the value is in the range. `doing` begins the message: `attach "tap0"`.
Result<void> check_range(std::string_view doing, std::string_view field, std::uint32_t value,
                         Range range);

// Checks the name of a network or router: 1 to 15 letters, digits, '-', '_' or '.'.
Result<void> check_plain_name(std::string_view doing, std::string_view field,
                              std::string_view name);

// Checks the name of a host or a domain: 1 to 63 letters, digits, '-' or '.'.
Result<void> check_dns_name(std::string_view doing, std::string_view field, std::string_view name);

}  // namespace xvnet
