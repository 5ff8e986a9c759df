// SPDX-License-Identifier: BSD-2-Clause
#include "loader/nat/nat.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "loader/base/interface.h"
#include "loader/model/device.h"
#include "loader/nat/exceptions.h"
#include "loader/nat/forward.h"
#include "loader/nat/ranges.h"
#include "loader/nat/state.h"

namespace xvnet {
namespace {

constexpr std::uint32_t kMinBuckets = 32;

// The buckets hold four sessions for each port in all, so both candidate buckets of a session are
// rarely full.
std::uint32_t bucket_count(const std::vector<abi::nat_range>& ranges) {
  std::uint32_t ports = 0;
  for (const auto& range : ranges) ports += range.count;
  return std::bit_ceil(std::max(ports / 2, kMinBuckets));
}

Result<abi::nat_network> make_entry(Tables& tables, const Network& network,
                                    const std::vector<abi::nat_range>& ranges) {
  abi::nat_network entry{};
  XVNET_ASSIGN(floating, floating_flag(tables, network.id));
  entry.flags = floating | exceptions_flag(network.record);
  if (snat_filter(network.record) == SnatFilter::kEndpoint) entry.flags |= abi::NAT_ANY_REMOTE;
  entry.bucket_mask = bucket_count(ranges) - 1;
  entry.range_count = static_cast<std::uint32_t>(ranges.size());
  std::ranges::copy(ranges, entry.ranges);
  return entry;
}

// Whether the network has these ranges already, of addresses with the same flags.
Result<bool> is_the_same(Tables& tables, const abi::nat_network& entry, const NatPlan& plan) {
  const auto had = ranges_of(entry);
  const auto is_equal = [](const auto& a, const auto& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
  };
  if (!std::ranges::equal(had, plan.ranges, is_equal)) return false;
  for (const auto& address : plan.addresses) {
    XVNET_ASSIGN(known, tables.nat_addresses.find(to_abi(address.address)));
    if (!known || known->flags != address.entry.flags) return false;
  }
  return true;
}

Result<void> set_network_flag(Change& change, std::uint32_t id, bool on) {
  auto& networks = change.tables().networks;
  XVNET_ASSIGN(entry, networks.find(id));
  if (!entry) return {};
  entry->flags =
      static_cast<std::uint16_t>((entry->flags & ~abi::NETWORK_NAT) | (on ? abi::NETWORK_NAT : 0));
  return change.put(networks, id, *entry);
}

Result<void> set_uplink_flags(Change& change, bool on) {
  XVNET_ASSIGN(entries, change.tables().interfaces.entries());
  for (auto [ifindex, entry] : entries) {
    if (entry.kind != abi::INTERFACE_UPLINK) continue;
    entry.flags =
        static_cast<std::uint16_t>((entry.flags & ~abi::INTERFACE_NAT) | uplink_nat_flag(on));
    XVNET_TRY(put_interface(change, ifindex, entry));
  }
  return {};
}

Result<void> turn_on_forwarding(Change& change, std::uint32_t network) {
  auto& records = change.tables().port_records;
  XVNET_ASSIGN(ports, records.entries());
  for (auto [ifindex, port] : ports) {
    if (port.network != network) continue;
    XVNET_ASSIGN(presence, presence_of(change.host(), ifindex, port.device));
    XVNET_ASSIGN(link, change.host().find_link(ifindex));
    if (presence != Presence::kHere || !link || link->forwards) continue;
    port.device.restore |= abi::RESTORE_FORWARDING;
    XVNET_TRY(change.put(records, ifindex, port));
    XVNET_TRY(change.set_forwarding(*link, true));
  }
  return {};
}

Result<void> restore_forwarding(Change& change, std::uint32_t network) {
  auto& records = change.tables().port_records;
  XVNET_ASSIGN(ports, records.entries());
  for (auto [ifindex, port] : ports) {
    if (port.network != network || !(port.device.restore & abi::RESTORE_FORWARDING)) continue;
    XVNET_ASSIGN(presence, presence_of(change.host(), ifindex, port.device));
    XVNET_ASSIGN(link, change.host().find_link(ifindex));
    if (presence == Presence::kHere && link) XVNET_TRY(change.set_forwarding(*link, false));
    port.device.restore &= ~std::uint32_t{abi::RESTORE_FORWARDING};
    XVNET_TRY(change.put(records, ifindex, port));
  }
  return {};
}

Result<void> reserve_on_host(Change& change, const abi::nat_network& entry) {
  XVNET_ASSIGN(own, ports_on_host(change.tables(), entry));
  return own.none() ? Result<void>{} : reserve_on_host(change, own);
}

// Ports with the same numbers that another network uses of another address stay reserved.
Result<void> release_on_host(Change& change, std::uint32_t network, const abi::nat_network& entry) {
  XVNET_ASSIGN(own, ports_on_host(change.tables(), entry));
  if (own.none()) return {};
  XVNET_ASSIGN(others, ports_on_host(change.tables(), network));
  return release_on_host(change, own & ~others);
}

Result<void> write_nat(Change& change, const Network& network, const NatPlan& plan) {
  auto& tables = change.tables();
  XVNET_ASSIGN(entry, make_entry(tables, network, plan.ranges));
  XVNET_TRY(change.put(tables.nat_networks, network.id, entry));
  for (const auto& address : plan.addresses) XVNET_TRY(hold_address(change, address));
  XVNET_TRY(reserve_on_host(change, entry));
  XVNET_TRY(make_buckets(change, network.id, entry));
  XVNET_TRY(make_chunks(change, network.id, entry));
  XVNET_TRY(make_ring(change, network.id));
  XVNET_TRY(turn_on_forwarding(change, network.id));
  XVNET_TRY(set_uplink_flags(change, true));
  XVNET_TRY(claim_for_host(change, entry));
  return set_network_flag(change, network.id, true);
}

Result<void> remove_addresses(Change& change, std::uint32_t network,
                              const abi::nat_network& entry) {
  for (const auto& range : ranges_of(entry))
    XVNET_TRY(release_address(change, range.address, network));
  return {};
}

// Moves pool addresses with their uplink, or to another uplink.
Result<void> follow_addresses(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  for (const auto& [id, entry] : networks) {
    XVNET_ASSIGN(record, tables.network_records.find(id));
    if (!record) continue;
    const auto found = find_public_addresses(tables, change.host(), id, *record);
    if (!found) continue;
    for (const auto& address : *found) {
      XVNET_ASSIGN(known, tables.nat_addresses.find(to_abi(address.address)));
      if (known && known->flags == address.entry.flags && !address.is_of_host())
        XVNET_TRY(hold_address(change, address));
    }
  }
  return {};
}

}  // namespace

std::uint16_t uplink_nat_flag(bool has_nat) { return has_nat ? abi::INTERFACE_NAT : 0; }

Result<bool> has_nat(Tables& tables) {
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  return !networks.empty();
}

Result<NatPlan> plan_nat(Tables& tables, const Host& host, const Network& network) {
  XVNET_ASSIGN(addresses, find_public_addresses(tables, host, network.id, network.record));
  XVNET_ASSIGN(ranges, choose_ranges(tables, host, network, addresses));
  return NatPlan{addresses, ranges};
}

Result<void> provide_nat(Change& change, const Network& network, const NatPlan& plan) {
  auto& tables = change.tables();
  XVNET_TRY(change.load_tail_calls());
  XVNET_TRY(provide_snat_exceptions(change, network));
  XVNET_ASSIGN(previous, tables.nat_networks.find(network.id));
  if (!previous) return write_nat(change, network, plan);
  XVNET_ASSIGN(same, is_the_same(tables, *previous, plan));
  if (!same) {
    XVNET_TRY(withdraw_nat(change, network.id));
    XVNET_TRY(provide_snat_exceptions(change, network));
    return write_nat(change, network, plan);
  }
  for (const auto& address : plan.addresses) XVNET_TRY(hold_address(change, address));
  XVNET_ASSIGN(all_ports, ports_on_host(tables));
  if (all_ports.any()) XVNET_TRY(reserve_on_host(change, all_ports));
  XVNET_TRY(turn_on_forwarding(change, network.id));
  XVNET_ASSIGN(wanted, make_entry(tables, network, plan.ranges));
  auto entry = *previous;
  entry.flags = wanted.flags;
  return change.put(tables.nat_networks, network.id, entry);
}

// Undoes write_nat() in reverse order. A running program that has seen the flag may still create a
// mapping, so wait for it.
Result<void> withdraw_nat(Change& change, std::uint32_t network) {
  auto& tables = change.tables();
  XVNET_ASSIGN(entry, tables.nat_networks.find(network));
  if (!entry) return {};
  XVNET_TRY(set_network_flag(change, network, false));
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  if (networks.size() == 1) XVNET_TRY(set_uplink_flags(change, false));
  change.wait_for_programs();
  XVNET_TRY(withdraw_snat_exceptions(change, network));
  XVNET_TRY(remove_mappings(change, network));
  XVNET_TRY(remove_ring(change, network));
  XVNET_TRY(remove_chunks(change, network, *entry));
  XVNET_TRY(remove_buckets(change, network, *entry));
  XVNET_TRY(restore_forwarding(change, network));
  XVNET_TRY(release_on_host(change, network, *entry));
  XVNET_TRY(remove_addresses(change, network, *entry));
  return change.erase(tables.nat_networks, network);
}

Result<void> follow_uplinks(Change& change) {
  auto& tables = change.tables();
  XVNET_TRY(follow_addresses(change));
  XVNET_ASSIGN(records, tables.network_records.entries());
  for (const auto& [id, record] : records) {
    if (!has_snat(record)) continue;
    XVNET_ASSIGN(translated, is_translated(tables, id));
    // A network with named addresses keeps its ranges: an address that the host has lost is
    // replaced only when the operator repeats the command.
    if (translated && !(record.flags & abi::RECORD_SNAT_AUTO)) continue;
    const auto plan = plan_nat(tables, change.host(), {id, record});
    if (plan) XVNET_TRY(provide_nat(change, {id, record}, *plan));
  }
  return follow_forwards(change);
}

Result<void> repair_nat(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  for (const auto& [id, entry] : networks) {
    XVNET_ASSIGN(record, tables.network_records.find(id));
    XVNET_ASSIGN(network, tables.networks.find(id));
    const bool is_whole =
        record && has_snat(*record) && network && network->flags & abi::NETWORK_NAT;
    if (!is_whole) XVNET_TRY(withdraw_nat(change, id));
  }
  return {};
}

}  // namespace xvnet
