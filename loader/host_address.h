// SPDX-License-Identifier: BSD-2-Clause
//
// The addresses of a network's host interface, as ADDRESS/PREFIX, and what the programs let through
// to them.
#pragma once

#include <string>
#include <vector>

#include "loader/network.h"

namespace xvnet {

Result<void> check_cidr(std::string_view network, const std::string& cidr);

// For Kernel::guard().
HostAddresses kinds_of(const std::vector<std::string>& addresses);

// Frames to these addresses, and to their broadcasts, reach the host; others do not
// (maps/routes.h).
Result<void> set_host_routes(Change& change, std::uint32_t network,
                             const std::vector<std::string>& addresses);

}  // namespace xvnet
