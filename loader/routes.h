// SPDX-License-Identifier: BSD-2-Clause
//
// The prefixes behind which a network is: maps/routes.h.
#pragma once

#include <span>
#include <vector>

#include "loader/change.h"

namespace xvnet {

// A whole prefix, of 128 bits.
abi::route_key route_to(abi::route_kind kind, std::uint32_t scope, const abi::prefix& prefix);

// The network has these of the kinds, and no others: what it had goes after what it gets is there.
Result<void> set_routes(Change& change, std::uint32_t network,
                        std::span<const abi::route_kind> kinds,
                        const std::vector<abi::route_key>& wanted);

}  // namespace xvnet
