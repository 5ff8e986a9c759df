// SPDX-License-Identifier: BSD-2-Clause
//
// What DHCP says to the VM of a port: the lease that the programs answer from.
#pragma once

#include <string_view>

#include "loader/network.h"

namespace xvnet {

constexpr std::uint32_t kLeaseSeconds = 3600;

// The DHCP side of a request, into the record; what the request does not say stays.
Result<void> set_dhcp(abi::network_record& record, const NetworkRequest& request);
Result<void> check_host_name(std::string_view doing, std::string_view name);

// The first address of the port, with what the network says. `mtu` is the device's.
abi::lease make_lease(const abi::network_record& network, const abi::port_record& port,
                      std::uint32_t mtu);

// None in a network without DHCP, or for a port without an address.
Result<void> provide_lease(Change& change, std::uint32_t ifindex, const abi::port_record& port,
                           std::uint32_t mtu);
Result<void> withdraw_lease(Change& change, std::uint32_t ifindex);
// Of all ports of a network that has changed.
Result<void> rewrite_leases(Change& change, const Network& network);

}  // namespace xvnet
