// SPDX-License-Identifier: BSD-2-Clause
//
// Networks: made by name or implied by a port, bound to the uplink that carries their VID.
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

// Whether frames of any network go on in a continuation.
Result<bool> needs_continuations(Tables& tables);

// What the programs know of a network that is on no uplink yet.
abi::network loose_network(const abi::network_record& record);

// The network a port asks for; an implied one is made when it is missing.
Result<Network> network_for_port(Change& change, const PortRequest& request);

// An implied network goes with its last port.
Result<void> remove_network_if_unused(Change& change, std::uint32_t network);

// Gives every network the uplink that should carry it, and takes away one that should not or is
// gone.
Result<void> bind_networks(Change& change);
// Takes its networks from an uplink that is about to go.
Result<void> unbind_networks(Change& change, std::uint32_t uplink);

// Adds the port to the network's flood list, or takes it off.
Result<void> add_member(Change& change, std::uint32_t network, std::uint32_t ifindex);
Result<void> remove_member(Change& change, std::uint32_t network, std::uint32_t ifindex);

// What becomes of SNAT whose addresses cannot be told at this moment: at boot, uplinks have none
// yet.
enum class SnatMiss { kRefused, kLater };

Result<Outcome> add_network(Change& change, const NetworkRequest& request,
                            SnatMiss miss = SnatMiss::kRefused);
Result<Outcome> set_network(Change& change, const NetworkRequest& request);
Result<Outcome> remove_network(Change& change, std::string_view name);
// Whatever is attached has been detached.
Result<void> destroy_network(Change& change, const Network& network);

}  // namespace xvnet
