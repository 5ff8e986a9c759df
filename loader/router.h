// SPDX-License-Identifier: BSD-2-Clause
//
// Routers: networks with the same router name reach each other through their gateways.
#pragma once

#include "loader/network.h"

namespace xvnet {

// Validates the router of the request and writes it to the record. Call it after set_subnet(). A
// router that is not given stays.
Result<void> set_router(abi::network_record& record, const NetworkRequest& request);

// Refuses a subnet that overlaps another one of the same router, because its addresses would be
// ambiguous.
Result<void> check_router(Tables& tables, const Network& network);

// Returns the id of the network's router in maps/routes.h, or 0 for none. The first network of a
// router allocates the id.
Result<std::uint32_t> take_router_id(Change& change, const Network& network);

// Writes the router's route to this network and erases a previous one.
Result<void> provide_route(Change& change, const Network& network, std::uint32_t router);
Result<void> withdraw_route(Change& change, std::uint32_t network);

}  // namespace xvnet
