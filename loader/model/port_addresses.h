// SPDX-License-Identifier: BSD-2-Clause
//
// IPv4 addresses of ports: allocation, and reservation for detached devices.
#pragma once

#include <vector>

#include "loader/base/change.h"
#include "loader/base/ip_address.h"
#include "loader/model/records.h"

namespace xvnet {

std::vector<Ipv4> without(std::vector<Ipv4> addresses, const std::vector<Ipv4>& others);
// Returns the record with these addresses instead of its own.
abi::port_record with_addresses(abi::port_record record, const std::vector<Ipv4>& addresses);
abi::port_record with_allowed(abi::port_record record, const std::vector<Ipv4>& addresses);

// Returns the requested addresses; by default the one that the device had before, else the lowest
// free one. Returns none in a network without a subnet. Fails if another port has a requested
// address.
Result<std::vector<Ipv4>> choose_addresses(Change& change, const Network& network,
                                           const PortRequest& request);

// Checks the shared addresses (--allow): each must be assignable in the network, and must not
// belong exclusively to another port.
Result<void> check_allowed(Change& change, const Network& network, const PortRequest& request);

// Assigns the record's addresses to the port, and allows its shared ones.
Result<void> hold_addresses(Change& change, std::uint32_t ifindex, const abi::port_record& record);
// Releases the record's addresses, which stay reserved for the device. Shared addresses that no
// other port may use are forgotten.
Result<void> release_addresses(Change& change, std::uint32_t ifindex,
                               const abi::port_record& record);
// Whether an entry is in use: an entry of one port always is; a shared one only if a port may use
// it.
Result<bool> is_kept_or_allowed(Tables& tables, const abi::address_key& key,
                                const abi::address_entry& entry);
// Erases all address entries of a network that is being removed.
Result<void> forget_addresses(Change& change, std::uint32_t network);

}  // namespace xvnet
