// SPDX-License-Identifier: BSD-2-Clause
//
// Which ports of which public address are whose.
#pragma once

#include <vector>

#include "loader/network.h"
#include "loader/public_address.h"

namespace xvnet {

// Below it, sockets of the host get their ports, or the well-known services have theirs.
constexpr std::size_t kFirstPortOfHost = 40960;
constexpr std::size_t kFirstPublicPort = 1024;

std::vector<abi::nat_range> ranges_of(const abi::nat_network& network);
PortSet ports_of(const abi::nat_range& range);
PortSet ports_of(const abi::nat_slot_key& key, const abi::forward& forward);

// Of each address, as many ports in a row as the record asks for, the highest that are free. A
// network that has as many of an address keeps them. Refuses when there are not enough.
Result<std::vector<abi::nat_range>> choose_ranges(Tables& tables, const Kernel& kernel,
                                                  const Network& network,
                                                  const std::vector<PublicAddress>& addresses);

// The ports that networks and forwards have of addresses of the host, which its sockets must not
// get by chance. Without those that the network `except` speaks from.
Result<PortSet> ports_on_host(Tables& tables, std::uint32_t except = 0);
// Of one network.
Result<PortSet> ports_on_host(Tables& tables, const abi::nat_network& network);
// Keeps them from the host's sockets, and no longer; what was reserved beside them stays.
Result<void> reserve_on_host(Change& change, const PortSet& ports);
Result<void> release_on_host(Change& change, const PortSet& ports);

}  // namespace xvnet
