// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/router.h"

#include <fmt/format.h>

#include <array>
#include <set>

#include "loader/base/text.h"
#include "loader/model/routes.h"
#include "loader/model/rules.h"
#include "loader/model/subnet.h"

namespace xvnet {
namespace {

bool is_same_router(const abi::network_record& a, const abi::network_record& b) {
  return a.router[0] && text_of(a.router) == text_of(b.router);
}

constexpr std::array kRouterKinds = {abi::ROUTE_OF_ROUTER};

// Returns the id of the network's router in maps/routes.h, or 0 for none. The first network of a
// router allocates the id.
Result<std::uint32_t> allocate_router_id(Change& change, const Network& network) {
  if (!network.record.router[0]) return 0;
  auto& tables = change.tables();
  XVNET_ASSIGN(gateways, tables.gateways.entries());
  std::set<std::uint32_t> taken;
  std::uint32_t own = network.id;
  for (const auto& [id, gateway] : gateways) {
    if (!gateway.router) continue;
    if (id == network.id) {
      own = gateway.router;
      continue;
    }
    XVNET_ASSIGN(other, tables.network_records.find(id));
    if (other && is_same_router(network.record, *other)) return gateway.router;
    taken.insert(gateway.router);
  }
  while (taken.contains(own)) ++own;
  return own;
}

Result<void> withdraw_route(Change& change, std::uint32_t network) {
  return set_routes(change, network, kRouterKinds, {});
}

// Writes the router's route to this network and erases a previous one.
Result<void> provide_route(Change& change, const Network& network, std::uint32_t router) {
  if (!router) return withdraw_route(change, network.id);
  const auto& record = network.record;
  return set_routes(change, network.id, kRouterKinds,
                    {route_to(abi::ROUTE_OF_ROUTER, router, {record.subnet, record.prefix})});
}

}  // namespace

Result<void> set_router(abi::network_record& record, const NetworkRequest& request) {
  if (request.router) set_text(record.router, *request.router);
  if (record.router[0] && !ipv4_of(record.gateway))
    return network_misuse(record, requires_gateway("router"));
  return {};
}

Result<void> check_router(Tables& tables, const Network& network) {
  XVNET_ASSIGN(other, find_overlapping(tables, network, [&](const auto& record) {
                 return is_same_router(network.record, record);
               }));
  if (!other) return {};
  return fail(
      fmt::format("network {:?}: its subnet {} overlaps {} of network {:?}, of the same router",
                  text_of(network.record.name), format_subnet(*subnet_of(network.record)),
                  format_subnet(*subnet_of(*other)), text_of(other->name)));
}

Result<void> provide_gateway(Change& change, const Network& network) {
  if (!ipv4_of(network.record.gateway)) return {};
  XVNET_ASSIGN(router, allocate_router_id(change, network));
  XVNET_TRY(change.put(change.tables().gateways, network.id,
                       abi::gateway{.address = network.record.gateway, .router = router}));
  return provide_route(change, network, router);
}

Result<void> withdraw_gateway(Change& change, const Network& network) {
  XVNET_TRY(withdraw_route(change, network.id));
  return change.erase(change.tables().gateways, network.id);
}

}  // namespace xvnet
