// SPDX-License-Identifier: BSD-2-Clause
//
// Networks: created by name or implicitly by a port, and bound to the uplink that carries their
// VID.
#pragma once

#include <string>

#include "loader/change.h"
#include "loader/request.h"

namespace xvnet {

struct Network {
  std::uint32_t id = 0;
  abi::network_record record{};
};

Result<std::optional<Network>> find_network(Tables& tables, std::string_view name);

// Whether any network needs the tail-called programs.
Result<bool> needs_tail_calls(Tables& tables);

// The table entry of a network that is not bound to an uplink.
abi::network loose_network(const abi::network_record& record);

// Returns the network that the port asks for; creates an implicit one if it does not exist.
Result<Network> network_for_port(Change& change, const PortRequest& request);

// Removes an implicit network that has no ports.
Result<void> remove_network_if_unused(Change& change, std::uint32_t network);

// Binds every network to the uplink that should carry it. A network whose uplink is gone stays
// bound until another uplink carries it.
Result<void> bind_networks(Change& change);
// Unbinds all networks of an uplink that is being removed.
Result<void> unbind_networks(Change& change, std::uint32_t uplink);

// Adds the port to, or removes it from, the network's flood list.
Result<void> add_member(Change& change, std::uint32_t network, std::uint32_t ifindex);
Result<void> remove_member(Change& change, std::uint32_t network, std::uint32_t ifindex);

// What happens if the public addresses cannot be determined yet, as at boot, when uplinks have no
// addresses: an error, or a warning and a later attempt.
enum class SnatMiss { kRefused, kLater };

Result<Outcome> add_network(Change& change, const NetworkRequest& request,
                            SnatMiss miss = SnatMiss::kRefused);
Result<Outcome> set_network(Change& change, const NetworkRequest& request);
Result<Outcome> remove_network(Change& change, std::string_view name);
// Removes the network. Its ports must have been detached.
Result<void> destroy_network(Change& change, const Network& network);

}  // namespace xvnet
