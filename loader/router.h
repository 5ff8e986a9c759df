// SPDX-License-Identifier: BSD-2-Clause
//
// Routers: the networks that lead to one another through their gateways are those of one name.
#pragma once

#include "loader/network.h"

namespace xvnet {

// What the request says of the router goes into the record; what it does not say stays. Comes after
// the subnet and the gateway.
Result<void> set_router(abi::network_record& record, const NetworkRequest& request);

// Refuses a subnet that overlaps another of the same router: who is meant by an address?
Result<void> check_router(Tables& tables, const Network& network);

// The id under which the router's networks are in maps/routes.h; 0: none. The first network of a
// router makes it.
Result<std::uint32_t> take_router_id(Change& change, const Network& network);

// The way of the router's other networks to this one, and none that it had before.
Result<void> provide_route(Change& change, const Network& network, std::uint32_t router);
Result<void> withdraw_route(Change& change, std::uint32_t network);

}  // namespace xvnet
