// SPDX-License-Identifier: BSD-2-Clause
//
// Networks: created by name or implicitly by a port, and bound to the uplink that carries their
// VID.
#pragma once

#include <string>

#include "loader/base/change.h"
#include "loader/model/records.h"
#include "loader/model/request.h"
#include "loader/nat/public_address.h"

namespace xvnet {

// Whether any network needs the tail-called programs.
Result<bool> needs_tail_calls(Tables& tables);

// The table entry of a network that is not bound to an uplink.
abi::network loose_network(const abi::network_record& record);

// Returns the network that the port asks for; creates an implicit one if it does not exist.
Result<Network> network_for_port(Change& change, const PortRequest& request);

// Removes an implicit network that has no ports.
Result<void> remove_network_if_unused(Change& change, std::uint32_t network);

Result<Outcome> add_network(Change& change, const NetworkRequest& request,
                            SnatMiss miss = SnatMiss::kRefused);
Result<Outcome> set_network(Change& change, const NetworkRequest& request);
Result<Outcome> remove_network(Change& change, std::string_view name);
// Removes the network. Its ports must have been detached.
Result<void> destroy_network(Change& change, const Network& network);

}  // namespace xvnet
