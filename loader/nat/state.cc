// SPDX-License-Identifier: BSD-2-Clause
#include "loader/nat/state.h"

#include <algorithm>
#include <vector>

#include "loader/model/records.h"
#include "loader/nat/ranges.h"

namespace xvnet {
namespace {

abi::nat_mapping_key mapping_of(const abi::nat_slot_key& key, const abi::nat_slot& slot) {
  return {.network = slot.network,
          .address = slot.inside,
          .port = slot.port,
          .protocol = key.protocol,
          .pad = 0};
}

using Chunk = std::pair<abi::nat_chunk_key, abi::nat_chunk>;

// Sets the bits behind the last port, so that no search finds them.
abi::nat_chunk chunk_with(std::size_t ports) {
  constexpr std::size_t kWord = 64;
  abi::nat_chunk chunk{};
  for (std::size_t at = ports; at < NAT_CHUNK_PORTS; ++at)
    chunk.words[at / kWord] |= std::uint64_t{1} << at % kWord;
  for (std::size_t at = 0; at < NAT_CHUNK_WORDS; ++at)
    if (~chunk.words[at] == 0) chunk.full |= std::uint64_t{1} << at;
  return chunk;
}

std::vector<Chunk> chunks_of(std::uint32_t network, const abi::nat_network& entry) {
  std::vector<Chunk> chunks;
  const auto ranges = ranges_of(entry);
  for (std::size_t at = 0; at < ranges.size(); ++at) {
    const std::size_t ports = ranges[at].count / 2u;  // per parity
    for (std::uint8_t protocol = 0; protocol < abi::NAT_ANY; ++protocol)
      for (std::uint8_t parity = 0; parity < 2; ++parity)
        for (std::uint8_t chunk = 0; chunk * std::size_t{NAT_CHUNK_PORTS} < ports; ++chunk)
          chunks.emplace_back(
              abi::nat_chunk_key{network, static_cast<std::uint8_t>(at), protocol, parity, chunk},
              chunk_with(ports - chunk * std::size_t{NAT_CHUNK_PORTS}));
  }
  return chunks;
}

constexpr std::pair<std::uint8_t, Transport> kTransports[] = {{abi::NAT_UDP, Transport::kUdp},
                                                              {abi::NAT_TCP, Transport::kTcp},
                                                              {abi::NAT_ICMP, Transport::kIcmp}};

// How long the host keeps a port after its last frame, as in bpf/nat/claim.h.
std::uint64_t claim_time(std::uint8_t protocol) {
  constexpr std::uint64_t kTcpSeconds = 432000;
  constexpr std::uint64_t kOtherSeconds = 300;
  return (protocol == abi::NAT_TCP ? kTcpSeconds : kOtherSeconds) * kNanosecondsPerSecond;
}

Result<void> claim_port(Change& change, const abi::nat_slot_key& key) {
  auto& slots = change.tables().nat_slots;
  XVNET_ASSIGN(had, slots.find(key));
  abi::nat_slot slot = had.value_or(abi::nat_slot{});
  if (had && slot.network != NAT_SLOT_HOST) return {};
  slot.expires_ns = change.host().monotonic_ns() + claim_time(key.protocol);
  return change.put(slots, key, slot);
}

// Sets the range flags and the port bounds of addresses, which a previous version did not have.
Result<void> complete_ranges(Tables& tables, std::uint32_t id, abi::nat_network& entry) {
  for (std::size_t at = 0; at < ranges_of(entry).size(); ++at) {
    auto& range = entry.ranges[at];
    XVNET_ASSIGN(address, tables.nat_addresses.find(range.address));
    if (!address) continue;
    if (address->flags & abi::NAT_ADDRESS_OF_HOST) range.flags |= abi::NAT_RANGE_OF_HOST;
    const auto last = static_cast<std::uint16_t>(range.first + range.count - 1);
    address->first = address->first ? std::min(address->first, range.first) : range.first;
    address->last = std::max(address->last, last);
    XVNET_TRY(tables.nat_addresses.put(range.address, *address));
  }
  return tables.nat_networks.put(id, entry);
}

// Mappings of forwards stay until the forward is closed. The slot is erased last, because an
// interrupted command is continued by its slots.
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

bool has_port(const abi::nat_network& entry, const abi::nat_slot_key& key) {
  return std::ranges::any_of(ranges_of(entry), [&](const auto& range) {
    return ipv4_of(range.address) == ipv4_of(key.address) && key.port >= range.first &&
           key.port < range.first + range.count;
  });
}

// A claim of the host is useful only in a range of a network.
Result<void> remove_claims(Change& change, const abi::nat_network& entry) {
  auto& slots = change.tables().nat_slots;
  XVNET_ASSIGN(all, slots.entries());
  for (const auto& [key, slot] : all)
    if (slot.network == NAT_SLOT_HOST && has_port(entry, key)) XVNET_TRY(change.erase(slots, key));
  return {};
}

}  // namespace

Result<bool> is_translated(Tables& tables, std::uint32_t network) {
  XVNET_ASSIGN(entry, tables.nat_networks.find(network));
  return entry.has_value();
}

Result<bool> lacks_forwarding(Tables& tables, const abi::port_record& port, const Link& link) {
  XVNET_ASSIGN(translated, is_translated(tables, port.network));
  return translated && !link.forwards;
}

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

Result<void> make_chunks(Change& change, std::uint32_t network, const abi::nat_network& entry) {
  for (const auto& [key, chunk] : chunks_of(network, entry))
    XVNET_TRY(change.put(change.tables().nat_ports, key, chunk));
  return {};
}

Result<void> remove_chunks(Change& change, std::uint32_t network, const abi::nat_network& entry) {
  for (const auto& [key, chunk] : chunks_of(network, entry))
    XVNET_TRY(change.erase(change.tables().nat_ports, key));
  return {};
}

Result<void> claim_for_host(Change& change, const abi::nat_network& entry) {
  for (const auto& range : ranges_of(entry)) {
    if (!(range.flags & abi::NAT_RANGE_OF_HOST)) continue;
    for (const auto& [protocol, transport] : kTransports) {
      XVNET_ASSIGN(used, change.host().ports_in_use(transport, *ipv4_of(range.address)));
      const PortSet ports = used & ports_of(range);
      for (std::size_t port = range.first; port < ports.size() && ports.any(); ++port)
        if (ports[port])
          XVNET_TRY(claim_port(change, {.address = range.address,
                                        .port = static_cast<std::uint16_t>(port),
                                        .protocol = protocol,
                                        .pad = 0}));
    }
  }
  return {};
}

Result<void> make_missing_state(Tables& tables) {
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  for (auto [id, entry] : networks) {
    XVNET_ASSIGN(ring, tables.nat_rings.find(id));
    if (!ring) XVNET_TRY(tables.nat_rings.put(id, abi::nat_ring{}));
    for (const auto& [key, chunk] : chunks_of(id, entry)) {
      XVNET_ASSIGN(had, tables.nat_ports.find(key));
      if (!had) XVNET_TRY(tables.nat_ports.put(key, chunk));
    }
    XVNET_TRY(complete_ranges(tables, id, entry));
  }
  return {};
}

// Also erases mappings whose slot another network has taken since.
Result<void> remove_mappings(Change& change, std::uint32_t network) {
  XVNET_TRY(remove_mappings_if(change, [&](const auto& slot) { return slot.network == network; }));
  XVNET_ASSIGN(entry, change.tables().nat_networks.find(network));
  if (entry) XVNET_TRY(remove_claims(change, *entry));
  auto& mappings = change.tables().nat_mappings;
  XVNET_ASSIGN(entries, mappings.entries());
  for (const auto& [key, mapping] : entries)
    if (key.network == network && mapping.range != NAT_RANGE_FORWARD)
      XVNET_TRY(change.erase(mappings, key));
  return {};
}

namespace {

// Keeps the slots, so that their ports are not reused at once. The next owner has another
// generation, so the sessions of this port do not match it.
template <typename IsEnded>
Result<void> end_mappings_if(Change& change, std::uint32_t network, IsEnded is_ended) {
  XVNET_ASSIGN(translated, is_translated(change.tables(), network));
  if (!translated) return {};
  auto& tables = change.tables();
  XVNET_ASSIGN(slots, tables.nat_slots.entries());
  const std::uint64_t now = change.host().monotonic_ns();
  for (auto [key, slot] : slots) {
    if (slot.network != network || slot.expires_ns == NAT_SLOT_FORWARD || !is_ended(slot)) continue;
    XVNET_TRY(change.erase(tables.nat_mappings, mapping_of(key, slot)));
    slot.expires_ns = std::min<std::uint64_t>(slot.expires_ns, now);
    XVNET_TRY(change.put(tables.nat_slots, key, slot));
  }
  return {};
}

}  // namespace

Result<void> end_mappings(Change& change, std::uint32_t network, std::uint32_t ifindex) {
  return end_mappings_if(change, network,
                         [&](const auto& slot) { return slot.ifindex == ifindex; });
}

Result<void> end_mappings(Change& change, std::uint32_t network, std::uint32_t ifindex,
                          const std::vector<Ipv4>& insides) {
  return end_mappings_if(change, network, [&](const auto& slot) {
    const auto inside = ipv4_of(slot.inside);
    return slot.ifindex == ifindex && inside &&
           std::ranges::find(insides, *inside) != insides.end();
  });
}

}  // namespace xvnet
