// SPDX-License-Identifier: BSD-2-Clause
//
// Gateways and routers: networks with the same router name reach each other through their gateways.
#pragma once

#include "loader/base/change.h"
#include "loader/model/records.h"

namespace xvnet {

// Validates the router of the request and writes it to the record. Call it after set_subnet(). A
// router that is not given stays.
Result<void> set_router(abi::network_record& record, const NetworkRequest& request);

// Refuses a subnet that overlaps another one of the same router, because its addresses would be
// ambiguous.
Result<void> check_router(Tables& tables, const Network& network);

// Write and erase the gateway's entry and its route. They must exist while the network's flags
// announce a gateway: write them before the flags, erase them after.
Result<void> provide_gateway(Change& change, const Network& network);
Result<void> withdraw_gateway(Change& change, const Network& network);

}  // namespace xvnet
