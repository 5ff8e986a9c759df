// SPDX-License-Identifier: BSD-2-Clause
//
// Which addresses can be a host's, and why others cannot (RFC 6890, RFC 4291).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/network.h"

namespace xvnet {

// "it is a loopback address"; empty: it can be a host's.
std::string why_no_hosts(Ipv4 address);

// The same of each address of a prefix.
std::string why_no_hosts(const Subnet& prefix);

// The same of an interface's address with its prefix of so many bits of 128.
std::string why_no_hosts(const abi::address& address, unsigned bits);

// Each of them is a machine's that VMs speak to: no nonsense, none twice, and none that the subnet
// says is nobody's. `what` names the option.
Result<void> check_servers(const abi::network_record& record, std::string_view what,
                           const std::vector<Ipv4>& servers);

}  // namespace xvnet
