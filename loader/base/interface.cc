// SPDX-License-Identifier: BSD-2-Clause
#include "loader/base/interface.h"

#include <cstdint>
#include <cstring>

namespace xvnet {
namespace {

// A hash table with a direct-mapped cache in front; the programs read the cache first
// (docs/decisions/0016). A cache element holds one key and its value, or is free (all zeros). The
// loader writes only free elements, and frees one before it changes the entry of its key. So the
// cache never holds a stale value.

std::uint32_t index_of(std::uint32_t ifindex) { return ifindex % INTERFACE_CACHE_SIZE; }
std::uint32_t index_of(const abi::vlan_key& key) { return key.vid; }

bool is_of(const abi::cached_interface& element, std::uint32_t ifindex) {
  return element.ifindex == ifindex;
}
bool is_of(const abi::cached_vlan& element, const abi::vlan_key& key) {
  return element.uplink == key.uplink;
}

abi::cached_interface element_of(std::uint32_t ifindex, const abi::interface& entry) {
  return {ifindex, entry, 0};
}
abi::cached_vlan element_of(const abi::vlan_key& key, std::uint32_t network) {
  return {key.uplink, network};
}

template <typename E>
bool is_free(const E& element) {
  static constexpr E kFree{};
  return std::memcmp(&element, &kFree, sizeof element) == 0;
}

// Reads an element; a BPF array has every index, so a missing element is zeros.
template <typename E>
Result<E> find_element(Table<std::uint32_t, E>& cache, std::uint32_t index) {
  XVNET_ASSIGN(element, cache.find(index));
  return element.value_or(E{});
}

template <typename K, typename V, typename E>
Result<void> put_cached(Change& change, Table<K, V>& table, Table<std::uint32_t, E>& cache,
                        const K& key, const V& value) {
  const E wanted = element_of(key, value);
  const std::uint32_t index = index_of(key);
  XVNET_ASSIGN(element, find_element(cache, index));
  const bool is_own = is_of(element, key);
  if (is_own && std::memcmp(&element, &wanted, sizeof wanted) != 0)
    XVNET_TRY(change.put(cache, index, E{}));
  XVNET_TRY(change.put(table, key, value));
  return is_own || is_free(element) ? change.put(cache, index, wanted) : Result<void>{};
}

template <typename K, typename V, typename E>
Result<void> erase_cached(Change& change, Table<K, V>& table, Table<std::uint32_t, E>& cache,
                          const K& key) {
  const std::uint32_t index = index_of(key);
  XVNET_ASSIGN(element, find_element(cache, index));
  if (is_of(element, key)) XVNET_TRY(change.put(cache, index, E{}));
  return change.erase(table, key);
}

// Puts every key into its cache element if that is free. `prepare(place)` runs before the element
// is written.
template <typename K, typename V, typename E>
Result<void> fill_cache(Table<K, V>& table, Table<std::uint32_t, E>& cache, const auto& prepare) {
  XVNET_ASSIGN(entries, table.entries());
  for (const auto& [key, value] : entries) {
    const std::uint32_t index = index_of(key);
    XVNET_ASSIGN(element, find_element(cache, index));
    if (!is_free(element)) continue;
    XVNET_TRY(prepare(index));
    XVNET_TRY(cache.put(index, element_of(key, value)));
  }
  return {};
}

void add(abi::direction_stats& sum, const abi::carried_direction& part) {
  sum.packets += part.packets;
  sum.bytes += part.bytes;
}

}  // namespace

// The counters of a newly occupied cache element start at zero.
Result<void> put_interface(Change& change, std::uint32_t ifindex, const abi::interface& entry) {
  auto& tables = change.tables();
  const std::uint32_t index = index_of(ifindex);
  XVNET_ASSIGN(element, find_element(tables.interface_cache, index));
  if (is_free(element)) XVNET_TRY(change.put(tables.carried, index, abi::carried{}));
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
  XVNET_TRY(fill_cache(tables.interfaces, tables.interface_cache, [&](std::uint32_t index) {
    return tables.carried.put(index, abi::carried{});
  }));
  return fill_cache(tables.vlans, tables.vlan_cache, [](std::uint32_t) { return Result<void>{}; });
}

Result<std::optional<abi::stats>> find_counters(Tables& tables, std::uint32_t ifindex) {
  XVNET_ASSIGN(stats, tables.stats.find(ifindex));
  if (!stats) return std::optional<abi::stats>{};
  XVNET_ASSIGN(element, find_element(tables.interface_cache, index_of(ifindex)));
  if (!is_of(element, ifindex)) return stats;
  XVNET_ASSIGN(carried, tables.carried.find(index_of(ifindex)));
  if (carried) {
    add(stats->from, carried->from);
    add(stats->to, carried->to);
  }
  return stats;
}

}  // namespace xvnet
