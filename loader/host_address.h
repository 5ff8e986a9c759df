// SPDX-License-Identifier: BSD-2-Clause
//
// The addresses of a network's host interface, as ADDRESS/PREFIX, and what the programs let through
// to them.
#pragma once

#include <string>
#include <vector>

#include "loader/network.h"

namespace xvnet {

// ADDRESS/PREFIX, and an address that a host can have.
Result<void> check_cidr(std::string_view network, const std::string& cidr);

// Those that the network did not have `before`: no other network has them, nor another interface of
// the host, and none is a public address that leads to VMs.
Result<void> check_host_addresses(Change& change, const Network& network,
                                  const std::vector<std::string>& before);

// For Kernel::guard().
HostAddresses kinds_of(const std::vector<std::string>& addresses);

// Frames to these addresses, and to their broadcasts, reach the host; others do not
// (maps/routes.h).
Result<void> set_host_routes(Change& change, std::uint32_t network,
                             const std::vector<std::string>& addresses);

}  // namespace xvnet
