// SPDX-License-Identifier: BSD-2-Clause
//
// DHCP leases: the table entries from which the programs answer the VM of a port.
#pragma once

#include <string_view>

#include "loader/base/change.h"
#include "loader/model/records.h"

namespace xvnet {

constexpr std::uint32_t kLeaseSeconds = 3600;

// Validates the DHCP options of the request and writes them to the record. Options that are not
// given stay.
Result<void> set_dhcp(abi::network_record& record, const NetworkRequest& request);

// The lease for the port's first address, with the network's options. `mtu` is the device's, in
// bytes.
abi::lease make_lease(const abi::network_record& network, const abi::port_record& port,
                      std::uint32_t mtu);

// Writes the port's lease. Erases it if the network has no DHCP or the port no address.
Result<void> provide_lease(Change& change, std::uint32_t ifindex, const abi::port_record& port,
                           std::uint32_t mtu);
Result<void> withdraw_lease(Change& change, std::uint32_t ifindex);
// Writes the leases of all ports of a network whose record has changed.
Result<void> rewrite_leases(Change& change, const Network& network);

}  // namespace xvnet
