// SPDX-License-Identifier: BSD-2-Clause
//
// The subnet of a network: validates requests against the rules and against the addresses of ports.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "loader/model/records.h"

namespace xvnet {

// Validates the subnet and gateway of the request and writes them to the record. Those not given
// stay.
Result<void> set_subnet(abi::network_record& record, const NetworkRequest& request);

// Returns another network that `is_rival` accepts and whose subnet overlaps this one's.
Result<std::optional<abi::network_record>> find_overlapping(
    Tables& tables, const Network& network,
    const std::function<bool(const abi::network_record&)>& is_rival);

// The network's flags for the programs: enum network_flags.
std::uint16_t subnet_flags(const abi::network_record& record);

// Refuses a change that would take an address away from a port.
Result<void> check_subnet_change(Tables& tables, const Network& before,
                                 const abi::network_record& after);

}  // namespace xvnet
