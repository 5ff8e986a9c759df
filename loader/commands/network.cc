// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/network.h"

#include <fmt/format.h>

#include <algorithm>

#include "loader/base/text.h"
#include "loader/commands/host_interface.h"
#include "loader/model/binding.h"
#include "loader/model/host_address.h"
#include "loader/model/lease.h"
#include "loader/model/network_request.h"
#include "loader/model/port_addresses.h"
#include "loader/model/router.h"
#include "loader/model/subnet.h"
#include "loader/nat/exceptions.h"
#include "loader/nat/forward.h"
#include "loader/nat/nat.h"
#include "loader/nat/snat.h"
#include "loader/nat/state.h"

namespace xvnet {
namespace {

Result<std::uint32_t> allocate_id(Change& change) {
  XVNET_ASSIGN(meta, change.tables().meta.find(0));
  std::uint32_t next = meta ? meta->next_network : 0;
  for (std::uint32_t tries = 0; tries <= MAX_NETWORKS; ++tries) {
    const std::uint32_t id = next && next < NETWORK_IDS ? next : 1;
    next = id + 1;
    XVNET_ASSIGN(taken, change.tables().network_records.find(id));
    if (taken) continue;
    XVNET_TRY(change.edit_meta([next](abi::meta& value) { value.next_network = next; }));
    return id;
  }
  return fail("add network: all network ids are in use");
}

// Frames of networks with one of these flags need a tail-called program.
constexpr std::uint16_t kTailCallFlags = abi::NETWORK_DHCP | abi::NETWORK_NAT | abi::NETWORK_ROUTED;

// Refuses a name or a VID that another network has.
Result<void> check_claims(Tables& tables, const abi::network_record& record, std::uint32_t self) {
  XVNET_ASSIGN(records, tables.network_records.entries());
  for (const auto& [id, other] : records) {
    if (id == self) continue;
    if (text_of(other.name) == text_of(record.name))
      return fail(
          fmt::format("add network {:?}: a network of this name exists", text_of(record.name)));
    if (record.vid && other.vid == record.vid)
      return fail(fmt::format("network {:?}: VLAN {} belongs to network {:?}", text_of(record.name),
                              record.vid, text_of(other.name)));
  }
  return {};
}

Result<void> put_network(Change& change, std::uint32_t id, const abi::network& value) {
  if (value.flags & kTailCallFlags) XVNET_TRY(change.load_tail_calls());
  return change.put(change.tables().networks, id, value);
}

Result<Network> create(Change& change, const abi::network_record& record) {
  XVNET_TRY(check_claims(change.tables(), record, 0));
  XVNET_TRY(check_router(change.tables(), {0, record}));
  XVNET_TRY(check_snat_exceptions(change.tables(), {0, record}));
  XVNET_TRY(check_host_addresses(change, {0, record}, {}));
  XVNET_ASSIGN(uplinks, working_uplinks(change.tables(), change.host()));
  XVNET_ASSIGN(uplink, choose_uplink(change.tables(), uplinks, 0, record));
  XVNET_ASSIGN(id, allocate_id(change));
  XVNET_TRY(change.put(change.tables().network_records, id, record));
  XVNET_TRY(provide_gateway(change, {id, record}));
  XVNET_TRY(put_network(change, id, loose_network(record)));
  if (uplink) XVNET_TRY(bind(change, id, uplink));
  return Network{id, record};
}

Result<Network> find_or_create_vlan(Change& change, std::uint16_t vid) {
  XVNET_ASSIGN(records, change.tables().network_records.entries());
  for (const auto& [id, record] : records)
    if (record.vid == vid) return Network{id, record};
  NetworkRequest request{};
  request.name = fmt::format("vlan{}", vid);
  request.vid = vid;
  auto record = record_of(request);
  record.flags |= abi::RECORD_IMPLICIT;
  return create(change, record);
}

// The untagged networks on the uplink, or all of them if `uplink` is empty.
Result<std::vector<Network>> untagged_networks(Change& change, const std::string& uplink) {
  std::vector<Network> networks;
  XVNET_ASSIGN(records, change.tables().network_records.entries());
  for (const auto& [id, record] : records) {
    if (!(record.flags & abi::RECORD_UNTAGGED)) continue;
    XVNET_ASSIGN(bound, bound_uplink_name(change.tables(), change.host(), id));
    if (uplink.empty() || text_of(record.uplink) == uplink || bound == uplink)
      networks.push_back({id, record});
  }
  return networks;
}

Result<Network> find_or_create_untagged(Change& change, const std::string& uplink) {
  XVNET_ASSIGN(candidates, untagged_networks(change, uplink));
  if (candidates.size() == 1) return candidates.front();
  if (candidates.size() > 1)
    return fail(fmt::format("attach: {} untagged networks exist", candidates.size()),
                "name one with ‹uplink› or ‹network›");
  XVNET_ASSIGN(taken, find_network(change.tables(), "untagged"));
  NetworkRequest request{};
  request.name = taken ? ("untagged-" + uplink).substr(0, NAME_SIZE - 1) : "untagged";
  request.untagged = true;
  request.uplink = uplink;
  auto record = record_of(request);
  record.flags |= abi::RECORD_IMPLICIT;
  return create(change, record);
}

Result<bool> has_ports(Tables& tables, const Network& network) {
  XVNET_ASSIGN(records, tables.port_records.entries());
  return std::ranges::any_of(records, [&](const auto& entry) {
    return entry.second.network == network.id &&
           !(entry.second.device.flags & abi::RECORD_HOST_SIDE);
  });
}

// Validates the services that the request gives and writes them to the record.
Result<void> set_services(abi::network_record& record, const NetworkRequest& request) {
  XVNET_TRY(set_subnet(record, request));
  XVNET_TRY(set_router(record, request));
  XVNET_TRY(set_dhcp(record, request));
  XVNET_TRY(set_snat(record, request));
  return set_snat_exceptions(record, request);
}

Result<abi::network_record> wanted_record(const NetworkRequest& request) {
  XVNET_TRY(check_new(request));
  auto record = record_of(request);
  XVNET_TRY(set_services(record, request));
  return record;
}

Result<void> check_plan(Change& change, const NetworkRequest& request, const NatPlan& plan,
                        Outcome& outcome) {
  XVNET_ASSIGN(warnings, reach_warnings(change, plan.addresses));
  outcome.warnings.insert(outcome.warnings.end(), warnings.begin(), warnings.end());
  if (request.force) return {};
  for (const auto& address : plan.addresses) XVNET_TRY(check_unanswered(change, address));
  return {};
}

// Returns nothing if the network has no SNAT, or if the plan fails and the network stays as it is.
Result<std::optional<NatPlan>> plan_snat(Change& change, const Network& network,
                                         const NetworkRequest& request, SnatMiss miss,
                                         Outcome& outcome) {
  if (!has_snat(network.record)) return std::nullopt;
  auto plan = plan_nat(change.tables(), change.host(), network);
  // A restored request was checked when the operator made it, and a boot must not wait for probes.
  if (plan && miss == SnatMiss::kRefused) XVNET_TRY(check_plan(change, request, *plan, outcome));
  if (plan) return *plan;
  XVNET_ASSIGN(translated, is_translated(change.tables(), network.id));
  if (!translated && miss == SnatMiss::kRefused) return std::unexpected(std::move(plan).error());
  outcome.warnings.push_back(fmt::format(
      "{}; {}", plan.error().message,
      translated ? "its previous SNAT stays" : "it has no SNAT until the next `«restore»`"));
  return std::nullopt;
}

bool is_elsewhere(const abi::network_record& before, const abi::network_record& after) {
  return before.vid != after.vid || (before.flags ^ after.flags) & abi::RECORD_UNTAGGED ||
         text_of(before.uplink) != text_of(after.uplink);
}

// If no uplink is found, fails if it would fail for a new network.
Result<void> check_uplink(Change& change, const Network& network) {
  auto& tables = change.tables();
  XVNET_ASSIGN(uplinks, working_uplinks(tables, change.host()));
  XVNET_ASSIGN(uplink, choose_uplink(tables, uplinks, network.id, network.record));
  if (uplink) return {};
  const auto as_new = choose_uplink(tables, uplinks, 0, network.record);
  return as_new ? Result<void>{} : std::unexpected(as_new.error());
}

// Keeps the flag NETWORK_NAT, which only nat.h changes.
Result<void> write_network(Change& change, const Network& network) {
  XVNET_ASSIGN(entry, change.tables().networks.find(network.id));
  abi::network value = loose_network(network.record);
  if (entry) {
    value.uplink = entry->uplink;
    value.uplink_macs = entry->uplink_macs;
    value.flags = static_cast<std::uint16_t>(value.flags | (entry->flags & abi::NETWORK_NAT));
  }
  return put_network(change, network.id, value);
}

}  // namespace

abi::network loose_network(const abi::network_record& record) {
  return {.uplink = 0,
          .vid = record.vid,
          .flags = subnet_flags(record),
          .ageing_ns = record.ageing_s * kNanosecondsPerSecond,
          .uplink_macs = 0,
          .pad = 0};
}

Result<bool> needs_tail_calls(Tables& tables) {
  XVNET_ASSIGN(networks, tables.networks.entries());
  return std::ranges::any_of(
      networks, [](const auto& entry) { return (entry.second.flags & kTailCallFlags) != 0; });
}

Result<Network> network_for_port(Change& change, const PortRequest& request) {
  if (request.vid) return find_or_create_vlan(change, *request.vid);
  if (request.untagged) return find_or_create_untagged(change, request.uplink);
  XVNET_ASSIGN(network, find_network(change.tables(), request.network));
  if (network) return *network;
  return fail(
      fmt::format("attach {:?}: network {:?} does not exist", request.device, request.network),
      fmt::format("add it first: «network add» {}", request.network));
}

Result<void> destroy_network(Change& change, const Network& network) {
  auto& tables = change.tables();
  XVNET_TRY(remove_host_interface(change, network));
  XVNET_TRY(remove_forwards(change, network.id));
  XVNET_TRY(withdraw_nat(change, network.id));
  XVNET_TRY(unbind(change, network.id));
  XVNET_TRY(forget_addresses(change, network.id));
  XVNET_TRY(change.erase(tables.members, network.id));
  XVNET_TRY(change.erase(tables.networks, network.id));
  XVNET_TRY(withdraw_gateway(change, network));
  return change.erase(tables.network_records, network.id);
}

Result<void> remove_network_if_unused(Change& change, std::uint32_t id) {
  XVNET_ASSIGN(record, change.tables().network_records.find(id));
  if (!record || !(record->flags & abi::RECORD_IMPLICIT)) return {};
  const Network network{id, *record};
  XVNET_ASSIGN(used, has_ports(change.tables(), network));
  return used ? Result<void>{} : destroy_network(change, network);
}

Result<Outcome> add_network(Change& change, const NetworkRequest& request, SnatMiss miss) {
  XVNET_ASSIGN(wanted, wanted_record(request));
  XVNET_ASSIGN(existing, find_network(change.tables(), request.name));
  Outcome outcome;
  if (!existing) {
    XVNET_ASSIGN(plan, plan_snat(change, {0, wanted}, request, miss, outcome));
    XVNET_ASSIGN(network, create(change, wanted));
    if (plan) XVNET_TRY(provide_nat(change, network, *plan));
    XVNET_TRY(provide_host_interface(change, network, host_addresses_of(wanted)));
    outcome.changed = true;
    return outcome;
  }
  // An implicit network that is added by name becomes explicit.
  auto record = existing->record;
  record.flags &= ~std::uint32_t{abi::RECORD_IMPLICIT};
  if (std::memcmp(&record, &wanted, sizeof record) != 0)
    return fail(fmt::format("add network {:?}: it exists and differs: {}", request.name,
                            difference(record, wanted)),
                fmt::format("change it with: «network set» {}", request.name));
  XVNET_ASSIGN(plan, plan_snat(change, {existing->id, record}, request, miss, outcome));
  XVNET_TRY(change.put(change.tables().network_records, existing->id, record));
  if (plan) XVNET_TRY(provide_nat(change, {existing->id, record}, *plan));
  XVNET_TRY(provide_host_interface(change, *existing, host_addresses_of(wanted)));
  outcome.changed = change.did_anything();
  return outcome;
}

Result<Outcome> set_network(Change& change, const NetworkRequest& request) {
  XVNET_TRY(check_request(request));
  XVNET_ASSIGN(existing, find_network(change.tables(), request.name));
  if (!existing) return fail(fmt::format("set network {:?}: it does not exist", request.name));
  auto& tables = change.tables();
  Network network = *existing;
  auto& record = network.record;
  set_basics(record, request);
  // What the operator sets stays, and is saved.
  record.flags &= ~std::uint32_t{abi::RECORD_IMPLICIT};
  XVNET_TRY(set_services(record, request));
  XVNET_TRY(check_subnet_change(tables, *existing, record));
  XVNET_TRY(check_forwards(tables, network));
  XVNET_TRY(check_claims(tables, record, network.id));
  XVNET_TRY(check_router(tables, network));
  XVNET_TRY(check_snat_exceptions(tables, network));
  XVNET_TRY(check_host_addresses(change, network, host_addresses_of(existing->record)));
  if (is_elsewhere(existing->record, record)) XVNET_TRY(check_uplink(change, network));
  Outcome outcome;
  std::optional<NatPlan> plan;
  if (changes_snat(request) && has_snat(record)) {
    XVNET_ASSIGN(chosen, plan_nat(tables, change.host(), network));
    XVNET_TRY(check_plan(change, request, chosen, outcome));
    plan = chosen;
  }
  if (is_elsewhere(existing->record, record)) XVNET_TRY(unbind(change, network.id));
  XVNET_TRY(provide_gateway(change, network));
  XVNET_TRY(write_network(change, network));
  if (changes_host_addresses(request))
    XVNET_TRY(change_host_addresses(change, network, host_addresses_of(existing->record),
                                    host_addresses_of(record)));
  if (plan) XVNET_TRY(provide_nat(change, network, *plan));
  if (!has_snat(record)) XVNET_TRY(withdraw_nat(change, network.id));
  if (!ipv4_of(record.gateway)) XVNET_TRY(withdraw_gateway(change, network));
  if (!subnet_of(record)) XVNET_TRY(forget_addresses(change, network.id));
  XVNET_ASSIGN(translated, is_translated(tables, network.id));
  if (translated) XVNET_TRY(provide_snat_exceptions(change, network));
  XVNET_TRY(change.put(tables.network_records, network.id, record));
  XVNET_TRY(rewrite_leases(change, network));
  XVNET_TRY(bind_networks(change));
  outcome.changed = change.did_anything();
  return outcome;
}

Result<Outcome> remove_network(Change& change, std::string_view name) {
  XVNET_ASSIGN(network, find_network(change.tables(), name));
  if (!network) return fail(fmt::format("delete network {:?}: it does not exist", name));
  XVNET_ASSIGN(used, has_ports(change.tables(), *network));
  if (used)
    return fail(fmt::format("delete network {:?}: ports are attached to it", name),
                "detach them first; `«show ports»` lists them");
  XVNET_TRY(destroy_network(change, *network));
  return Outcome{.changed = true, .warnings = {}, .created_tap = {}};
}

}  // namespace xvnet
