// SPDX-License-Identifier: BSD-2-Clause
#include "loader/interface.h"

#include "loader/cached.h"

namespace xvnet {
namespace {

void add(abi::direction_stats& sum, const abi::carried_direction& part) {
  sum.packets += part.packets;
  sum.bytes += part.bytes;
}

}  // namespace

// The counters of a newly occupied cache element start at zero.
Result<void> put_interface(Change& change, std::uint32_t ifindex, const abi::interface& entry) {
  auto& tables = change.tables();
  const std::uint32_t place = place_of(ifindex);
  XVNET_ASSIGN(element, find_element(tables.interface_cache, place));
  if (is_free(element)) XVNET_TRY(change.put(tables.carried, place, abi::carried{}));
  return put_cached(change, tables.interfaces, tables.interface_cache, ifindex, entry);
}

Result<void> erase_interface(Change& change, std::uint32_t ifindex) {
  auto& tables = change.tables();
  return erase_cached(change, tables.interfaces, tables.interface_cache, ifindex);
}

Result<void> put_vlan(Change& change, const abi::vlan_key& key, std::uint32_t network) {
  auto& tables = change.tables();
  return put_cached(change, tables.vlans, tables.vlan_cache, key, network);
}

Result<void> erase_vlan(Change& change, const abi::vlan_key& key) {
  auto& tables = change.tables();
  return erase_cached(change, tables.vlans, tables.vlan_cache, key);
}

Result<void> fill_caches(Tables& tables) {
  XVNET_TRY(fill_cache(tables.interfaces, tables.interface_cache, [&](std::uint32_t place) {
    return tables.carried.put(place, abi::carried{});
  }));
  return fill_cache(tables.vlans, tables.vlan_cache, [](std::uint32_t) { return Result<void>{}; });
}

Result<std::optional<abi::stats>> find_counters(Tables& tables, std::uint32_t ifindex) {
  XVNET_ASSIGN(stats, tables.stats.find(ifindex));
  if (!stats) return std::optional<abi::stats>{};
  XVNET_ASSIGN(element, find_element(tables.interface_cache, place_of(ifindex)));
  if (!is_of(element, ifindex)) return stats;
  XVNET_ASSIGN(carried, tables.carried.find(place_of(ifindex)));
  if (carried) {
    add(stats->from, carried->from);
    add(stats->to, carried->to);
  }
  return stats;
}

}  // namespace xvnet
