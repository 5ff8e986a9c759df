// SPDX-License-Identifier: BSD-2-Clause
#include "loader/nat_state.h"

#include "loader/nat.h"

namespace xvnet {
namespace {

abi::nat_mapping_key mapping_of(const abi::nat_slot_key& key, const abi::nat_slot& slot) {
  return {.network = slot.network,
          .address = slot.inside,
          .port = slot.port,
          .protocol = key.protocol,
          .pad = 0};
}

// Forwards are no mappings of their own accord. The slot goes last, by which the mapping is found
// again when a command is killed in between.
Result<void> remove_mappings_if(Change& change, auto matches) {
  auto& tables = change.tables();
  XVNET_ASSIGN(slots, tables.nat_slots.entries());
  for (const auto& [key, slot] : slots) {
    if (slot.expires_ns == NAT_SLOT_FORWARD || !matches(slot)) continue;
    XVNET_TRY(change.erase(tables.nat_mappings, mapping_of(key, slot)));
    XVNET_TRY(change.erase(tables.nat_slots, key));
  }
  return {};
}

}  // namespace

Result<void> make_buckets(Change& change, std::uint32_t network, const abi::nat_network& entry) {
  for (std::uint32_t at = 0; at <= entry.bucket_mask; ++at)
    XVNET_TRY(change.put(change.tables().nat_sessions, {network, at}, abi::nat_bucket{}));
  return {};
}

Result<void> remove_buckets(Change& change, std::uint32_t network, const abi::nat_network& entry) {
  for (std::uint32_t at = 0; at <= entry.bucket_mask; ++at)
    XVNET_TRY(change.erase(change.tables().nat_sessions, {network, at}));
  return {};
}

Result<void> make_ring(Change& change, std::uint32_t network) {
  auto& rings = change.tables().nat_rings;
  XVNET_ASSIGN(ring, rings.find(network));
  return ring ? Result<void>{} : change.put(rings, network, abi::nat_ring{});
}

Result<void> remove_ring(Change& change, std::uint32_t network) {
  auto& tables = change.tables();
  XVNET_ASSIGN(ring, tables.nat_rings.find(network));
  if (!ring) return {};
  for (const auto& key : ring->keys) XVNET_TRY(change.erase(tables.nat_fragments, key));
  return change.erase(tables.nat_rings, network);
}

Result<void> make_missing_rings(Tables& tables) {
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  for (const auto& [id, entry] : networks) {
    XVNET_ASSIGN(ring, tables.nat_rings.find(id));
    if (!ring) XVNET_TRY(tables.nat_rings.put(id, abi::nat_ring{}));
  }
  return {};
}

// A slot that another network's port has taken since leaves the mapping behind that led to it.
Result<void> remove_mappings(Change& change, std::uint32_t network) {
  XVNET_TRY(remove_mappings_if(change, [&](const auto& slot) { return slot.network == network; }));
  auto& mappings = change.tables().nat_mappings;
  XVNET_ASSIGN(entries, mappings.entries());
  for (const auto& [key, mapping] : entries)
    if (key.network == network && mapping.range != NAT_RANGE_FORWARD)
      XVNET_TRY(change.erase(mappings, key));
  return {};
}

Result<void> end_mappings(Change& change, std::uint32_t network, std::uint32_t ifindex) {
  XVNET_ASSIGN(translated, is_translated(change.tables(), network));
  if (!translated) return {};
  return remove_mappings_if(
      change, [&](const auto& slot) { return slot.network == network && slot.ifindex == ifindex; });
}

}  // namespace xvnet
