// SPDX-License-Identifier: BSD-2-Clause
//
// The addresses of ports: who gets which, and what is kept for a device that was detached.
#pragma once

#include <vector>

#include "loader/ip_address.h"
#include "loader/network.h"

namespace xvnet {

std::vector<Ipv4> addresses_of(const abi::port_record& record);
// Those that other ports may have as well.
std::vector<Ipv4> allowed_of(const abi::port_record& record);
std::vector<Ipv4> without(std::vector<Ipv4> addresses, const std::vector<Ipv4>& others);
// The record with these, and no others.
abi::port_record with_addresses(abi::port_record record, const std::vector<Ipv4>& addresses);
abi::port_record with_allowed(abi::port_record record, const std::vector<Ipv4>& addresses);

// Those the request names, or else the one the device had, or else the lowest free one. None in a
// network without a subnet. Refuses what another port has.
Result<std::vector<Ipv4>> choose_addresses(Change& change, const Network& network,
                                           const PortRequest& request);

// Refuses what is no host's address in the network, and what a port has to itself.
Result<void> check_allowed(Change& change, const Network& network, const PortRequest& request);

// The port has the addresses of its record from now on, and may take those it is allowed.
Result<void> hold_addresses(Change& change, std::uint32_t ifindex, const abi::port_record& record);
// They are kept for the device, but nobody has them. One that nobody may have any more is
// forgotten.
Result<void> release_addresses(Change& change, std::uint32_t ifindex,
                               const abi::port_record& record);
// An entry that is not of ports that share it, or one of which at least may have it.
Result<bool> is_kept_or_allowed(Tables& tables, const abi::address_key& key,
                                const abi::address_entry& entry);
// Of a network that goes.
Result<void> forget_addresses(Change& change, std::uint32_t network);

}  // namespace xvnet
