// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/routes.h"

#include <algorithm>

namespace xvnet {
namespace {

bool is_same(const abi::route_key& a, const abi::route_key& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

abi::route_key route_to(abi::route_kind kind, std::uint32_t scope, const abi::prefix& prefix) {
  return {.prefix = ROUTE_SCOPE_BITS + prefix.bits,
          .kind = kind,
          .scope = scope,
          .address = prefix.address};
}

Result<void> set_routes(Change& change, std::uint32_t network,
                        std::span<const abi::route_kind> kinds,
                        const std::vector<abi::route_key>& wanted) {
  auto& routes = change.tables().routes;
  for (const auto& key : wanted) XVNET_TRY(change.put(routes, key, abi::route{network}));
  XVNET_ASSIGN(entries, routes.entries());
  for (const auto& [key, route] : entries) {
    if (route.network != network || std::ranges::find(kinds, key.kind) == kinds.end()) continue;
    if (std::ranges::none_of(wanted, [&, &k = key](const auto& each) { return is_same(each, k); }))
      XVNET_TRY(change.erase(routes, key));
  }
  return {};
}

}  // namespace xvnet
