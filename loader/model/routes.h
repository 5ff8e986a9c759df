// SPDX-License-Identifier: BSD-2-Clause
//
// Routes to networks by prefix: maps/routes.h.
#pragma once

#include <span>
#include <vector>

#include "loader/base/change.h"

namespace xvnet {

// Builds a key from a prefix of 128 bits.
abi::route_key route_to(abi::route_kind kind, std::uint32_t scope, const abi::prefix& prefix);

// Replaces the network's routes of the given kinds. New routes are written before old ones are
// erased.
Result<void> set_routes(Change& change, std::uint32_t network,
                        std::span<const abi::route_kind> kinds,
                        const std::vector<abi::route_key>& wanted);

}  // namespace xvnet
