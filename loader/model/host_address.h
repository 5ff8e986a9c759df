// SPDX-License-Identifier: BSD-2-Clause
//
// The addresses of a network's host interface, as ADDRESS/PREFIX, and the routes by which programs
// let VMs reach them.
#pragma once

#include <string>
#include <vector>

#include "loader/base/change.h"
#include "loader/model/records.h"

namespace xvnet {

// Checks the syntax, and that a host can have the address; errors are kUsage.
Result<void> check_cidr(std::string_view network, const std::string& cidr);

// Checks the addresses that are not in `before`. No other network and no other interface of the
// host may have them, and they must not be public addresses of VMs.
Result<void> check_host_addresses(Change& change, const Network& network,
                                  const std::vector<std::string>& before);

// The argument for Host::guard().
HostAddresses kinds_of(const std::vector<std::string>& addresses);

// Replaces the network's routes to the host. Only frames to these addresses, and to their broadcast
// addresses, reach the host (maps/routes.h).
Result<void> set_host_routes(Change& change, std::uint32_t network,
                             const std::vector<std::string>& addresses);

}  // namespace xvnet
