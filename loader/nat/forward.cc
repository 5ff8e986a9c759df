// SPDX-License-Identifier: BSD-2-Clause
#include "loader/nat/forward.h"

#include <fmt/format.h>

#include <algorithm>

#include "loader/base/text.h"
#include "loader/model/forward_request.h"
#include "loader/nat/loopback.h"
#include "loader/nat/ranges.h"

namespace xvnet {
namespace {

struct Forward {
  abi::nat_slot_key key{};
  abi::forward entry{};

  bool is_floating() const { return key.protocol == abi::NAT_ANY; }
  bool is_open() const { return entry.state == abi::RECORD_COMPLETE; }
};

bool is_same(const auto& a, const auto& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

Result<std::vector<Forward>> all_forwards(Tables& tables) {
  XVNET_ASSIGN(entries, tables.forwards.entries());
  std::vector<Forward> forwards;
  forwards.reserve(entries.size());
  for (const auto& [key, entry] : entries) forwards.push_back({key, entry});
  return forwards;
}

std::unexpected<Error> refusal(const Forward& forward, std::string_view cause,
                               std::string hint = {}) {
  return fail(fmt::format("forward {}: {}", forward_text(forward.key, forward.entry), cause),
              std::move(hint));
}

// Whether two ranges of one protocol overlap, each from its given first port. A floating address
// covers all ports.
bool overlap(const Forward& a, std::uint16_t a_port, const Forward& b, std::uint16_t b_port) {
  if (a.is_floating() || b.is_floating()) return true;
  return a.key.protocol == b.key.protocol && a_port < b_port + b.entry.count &&
         b_port < a_port + a.entry.count;
}

bool have_same_outside(const Forward& a, const Forward& b) {
  return is_same(a.key.address, b.key.address) && overlap(a, a.key.port, b, b.key.port);
}

bool have_same_inside(const Forward& a, const Forward& b) {
  return a.entry.network == b.entry.network && is_same(a.entry.inside, b.entry.inside) &&
         overlap(a, a.entry.port, b, b.entry.port);
}

Result<void> check_others(Tables& tables, const Forward& wanted) {
  XVNET_ASSIGN(others, all_forwards(tables));
  for (const Forward& other : others) {
    const std::string text = forward_text(other.key, other.entry);
    if (have_same_outside(wanted, other)) {
      XVNET_ASSIGN(network, tables.network_records.find(other.entry.network));
      return refusal(wanted, fmt::format("network {:?} has {}",
                                         network ? text_of(network->name) : std::string(), text));
    }
    if (have_same_inside(wanted, other))
      return refusal(
          wanted,
          fmt::format("forward {} uses it already, and replies come from one public port", text));
  }
  return {};
}

// Refuses ports in the SNAT ranges of networks.
Result<void> check_ranges(Tables& tables, const Forward& wanted) {
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  for (const auto& [id, nat] : networks) {
    for (const auto& range : ranges_of(nat)) {
      const bool is_apart = wanted.key.port + wanted.entry.count <= range.first ||
                            range.first + range.count <= wanted.key.port;
      if (!is_same(range.address, wanted.key.address) || (!wanted.is_floating() && is_apart))
        continue;
      XVNET_ASSIGN(network, tables.network_records.find(id));
      return refusal(wanted, fmt::format("its ports {}-{} are those of the VMs of network {:?}",
                                         range.first, range.first + range.count - 1,
                                         network ? text_of(network->name) : std::string()));
    }
  }
  return {};
}

PortSet public_ports(const Forward& forward) { return ports_of(forward.key, forward.entry); }

// Refuses what the host needs itself: its whole address, the ports of its sockets and of its DNAT
// rules, and the ports that are reserved for other services.
Result<void> check_host(Tables& tables, const Host& host, const Forward& wanted) {
  if (wanted.is_floating()) return refusal(wanted, "it is the host's own address");
  const auto ports = public_ports(wanted);
  const auto transport = wanted.key.protocol == abi::NAT_TCP ? Transport::kTcp : Transport::kUdp;
  XVNET_ASSIGN(used, host.ports_in_use(transport, *ipv4_of(wanted.key.address)));
  if (const auto both = used & ports; both.any())
    return refusal(wanted, "a socket of the host uses port " + format_ports(both));
  XVNET_ASSIGN(published, host.published_ports(*ipv4_of(wanted.key.address)));
  if (const auto both = published & ports; both.any())
    return refusal(wanted, "a DNAT rule of the host publishes port " + format_ports(both));
  XVNET_ASSIGN(reserved, host.reserved_ports());
  XVNET_ASSIGN(ours, ports_on_host(tables));
  const auto foreign = reserved & ~ours & ports;
  if (foreign.none()) return {};
  return refusal(
      wanted,
      fmt::format("port {} is reserved on the host for something else", format_ports(foreign)),
      fmt::format("if nothing else needs it: sysctl -w "
                  "net.ipv4.ip_local_reserved_ports='{}'",
                  format_ports(reserved & ~foreign)));
}

Result<void> check(Change& change, const Forward& wanted, const PublicAddress& outside) {
  XVNET_TRY(check_others(change.tables(), wanted));
  XVNET_TRY(check_ranges(change.tables(), wanted));
  return outside.is_of_host() ? check_host(change.tables(), change.host(), wanted) : Result<void>{};
}

Result<void> set_floating_flag(Change& change, std::uint32_t network) {
  auto& tables = change.tables();
  XVNET_ASSIGN(rules, tables.nat_networks.find(network));
  if (!rules) return {};
  XVNET_ASSIGN(flag, floating_flag(tables, network));
  rules->flags = (rules->flags & ~std::uint32_t{abi::NAT_HAS_FLOATING}) | flag;
  return change.put(tables.nat_networks, network, *rules);
}

abi::nat_slot_key slot_key(const Forward& forward, std::uint16_t at) {
  auto key = forward.key;
  key.port = static_cast<std::uint16_t>(key.port + at);
  return key;
}

abi::nat_mapping_key mapping_key(const Forward& forward, std::uint16_t at) {
  return {.network = forward.entry.network,
          .address = forward.entry.inside,
          .port = static_cast<std::uint16_t>(forward.entry.port + at),
          .protocol = forward.key.protocol,
          .pad = 0};
}

Result<void> open_port(Change& change, const Forward& forward, std::uint16_t at) {
  abi::nat_slot slot{};
  slot.expires_ns = NAT_SLOT_FORWARD;
  slot.inside = forward.entry.inside;
  slot.network = forward.entry.network;
  slot.port = static_cast<std::uint16_t>(forward.entry.port + at);
  const auto outside = slot_key(forward, at);
  XVNET_TRY(change.put(change.tables().nat_slots, outside, slot));
  return change.put(change.tables().nat_mappings, mapping_key(forward, at),
                    {.range = NAT_RANGE_FORWARD, .port = outside.port, .address = outside.address});
}

// Erases the outbound mapping first and the inbound slot last. A reply sent in between may get
// another public port.
Result<void> close_port(Change& change, const Forward& forward, std::uint16_t at) {
  auto& tables = change.tables();
  const auto key = mapping_key(forward, at);
  XVNET_ASSIGN(mapping, tables.nat_mappings.find(key));
  if (mapping && mapping->range == NAT_RANGE_FORWARD)
    XVNET_TRY(change.erase(tables.nat_mappings, key));
  return change.erase(tables.nat_slots, slot_key(forward, at));
}

// Ports with the same numbers that others use of another address stay reserved.
Result<void> release_on_host(Change& change, const Forward& forward) {
  auto& tables = change.tables();
  XVNET_ASSIGN(address, tables.nat_addresses.find(forward.key.address));
  if (!address || !(address->flags & abi::NAT_ADDRESS_OF_HOST)) return {};
  XVNET_ASSIGN(others, ports_on_host(tables));
  return release_on_host(change, public_ports(forward) & ~others);
}

Result<void> open_forward(Change& change, Forward forward, const PublicAddress& outside) {
  auto& tables = change.tables();
  XVNET_TRY(change.load_tail_calls());
  XVNET_TRY(change.put(tables.forwards, forward.key, forward.entry));
  XVNET_TRY(hold_address(change, outside));
  if (outside.is_of_host()) XVNET_TRY(reserve_on_host(change, public_ports(forward)));
  for (std::uint16_t at = 0; at < forward.entry.count; ++at)
    XVNET_TRY(open_port(change, forward, at));
  forward.entry.state = abi::RECORD_COMPLETE;
  XVNET_TRY(change.put(tables.forwards, forward.key, forward.entry));
  XVNET_TRY(set_floating_flag(change, forward.entry.network));
  return follow_loopback(change);
}

Result<void> close_forward(Change& change, Forward forward) {
  auto& tables = change.tables();
  forward.entry.state = abi::RECORD_INCOMPLETE;
  XVNET_TRY(change.put(tables.forwards, forward.key, forward.entry));
  XVNET_TRY(follow_loopback(change));
  for (std::uint16_t at = 0; at < forward.entry.count; ++at)
    XVNET_TRY(close_port(change, forward, at));
  XVNET_TRY(set_floating_flag(change, forward.entry.network));
  XVNET_TRY(release_on_host(change, forward));
  XVNET_TRY(release_address(change, forward.key.address));
  return change.erase(tables.forwards, forward.key);
}

Result<PublicAddress> find_outside(Tables& tables, const Host& host, const Forward& wanted) {
  const std::string text = fmt::format("forward {}", forward_text(wanted.key, wanted.entry));
  XVNET_ASSIGN(address, find_public_address(tables, host, *ipv4_of(wanted.key.address), text));
  if (wanted.is_floating() && !address.is_of_host())
    address.entry.flags |= abi::NAT_ADDRESS_FLOATING;
  return address;
}

Result<Network> network_of(Tables& tables, const ForwardRequest& request) {
  XVNET_ASSIGN(network, find_network(tables, request.network));
  if (network) return *network;
  return fail(fmt::format("forward {}: network {:?} does not exist", forward_text(request),
                          request.network));
}

bool is_of_host(const abi::nat_address& entry) { return entry.flags & abi::NAT_ADDRESS_OF_HOST; }

// The public ports of all forwards of the address.
Result<PortSet> ports_of_address(Tables& tables, const abi::address& address) {
  XVNET_ASSIGN(forwards, all_forwards(tables));
  PortSet ports;
  for (const Forward& each : forwards)
    if (is_same(each.key.address, address)) ports |= public_ports(each);
  return ports;
}

// Reopens the forward if its address has become an address of the host, or is no longer one.
// Networks that use the address for SNAT must follow first.
Result<void> follow_address(Change& change, Forward forward) {
  auto& tables = change.tables();
  const auto found = find_outside(tables, change.host(), forward);
  XVNET_ASSIGN(known, tables.nat_addresses.find(forward.key.address));
  if (!found || !known) return {};
  if (is_of_host(*known) == found->is_of_host())
    return found->is_of_host() ? Result<void>{} : hold_address(change, *found);
  XVNET_ASSIGN(is_used_by_snat, is_snat_address(tables, forward.key.address));
  if (is_used_by_snat || (found->is_of_host() && !check_host(tables, change.host(), forward)))
    return {};
  XVNET_ASSIGN(ports, ports_of_address(tables, forward.key.address));
  XVNET_TRY(close_forward(change, forward));
  if (found->is_of_host()) XVNET_TRY(reserve_on_host(change, ports));
  forward.entry.state = abi::RECORD_INCOMPLETE;
  return open_forward(change, forward, *found);
}

// If the host has gained or lost an address, the first forward changes it for all forwards. So
// update the reserved ports of all.
Result<void> follow_reservations(Change& change, const PortSet& before) {
  XVNET_ASSIGN(ports, ports_on_host(change.tables()));
  if ((before & ~ports).any()) XVNET_TRY(release_on_host(change, before & ~ports));
  return ports.any() ? reserve_on_host(change, ports) : Result<void>{};
}

Result<void> check_follows(Tables& tables, const Host& host, const Forward& forward) {
  const auto found = find_outside(tables, host, forward);
  XVNET_ASSIGN(known, tables.nat_addresses.find(forward.key.address));
  XVNET_ASSIGN(is_used_by_snat, is_snat_address(tables, forward.key.address));
  if (!found || !known || !is_used_by_snat || is_of_host(*known) == found->is_of_host()) return {};
  return refusal(forward, "a network with ‹snat› still has the previous settings of this address",
                 "set the ‹snat› of that network again first: «network set» NAME ‹snat› auto");
}

// Also restores the reserved ports of all forwards, and the program on lo.
Result<Outcome> repair_forward(Change& change, const Forward& forward) {
  XVNET_ASSIGN(before, ports_on_host(change.tables()));
  XVNET_TRY(follow_address(change, forward));
  XVNET_TRY(follow_reservations(change, before));
  XVNET_TRY(follow_loopback(change));
  return Outcome{.changed = change.did_anything(), .warnings = {}, .created_tap = {}};
}

}  // namespace

Result<Outcome> add_forward(Change& change, const ForwardRequest& request, SnatMiss miss) {
  auto& tables = change.tables();
  XVNET_TRY(check_request(request));
  XVNET_ASSIGN(network, network_of(tables, request));
  if (!has_snat(network.record))
    return fail(fmt::format("forward {}: network {:?} has no public address", forward_text(request),
                            request.network),
                fmt::format("give it one: «network set» {} ‹snat› auto", request.network));
  XVNET_TRY(check_inside(request, network.record));
  Forward wanted{forward_key(request), forward_entry(request, network.id)};
  XVNET_ASSIGN(existing, tables.forwards.find(wanted.key));
  wanted.entry.state = abi::RECORD_COMPLETE;
  if (existing && is_same(*existing, wanted.entry)) {
    if (miss == SnatMiss::kRefused) XVNET_TRY(check_follows(tables, change.host(), wanted));
    return repair_forward(change, wanted);
  }
  wanted.entry.state = abi::RECORD_INCOMPLETE;
  const auto outside = find_outside(tables, change.host(), wanted);
  if (!outside && miss == SnatMiss::kLater)
    return Outcome{.changed = false, .warnings = {outside.error().message}, .created_tap = {}};
  if (!outside) return std::unexpected(outside.error());
  XVNET_TRY(check(change, wanted, *outside));
  if (!request.force && miss == SnatMiss::kRefused) XVNET_TRY(check_unanswered(change, *outside));
  std::vector<std::string> warnings;
  if (miss == SnatMiss::kRefused) {
    XVNET_ASSIGN(found, reach_warnings(change, {*outside}));
    warnings = found;
  }
  XVNET_TRY(open_forward(change, wanted, *outside));
  return Outcome{.changed = true, .warnings = std::move(warnings), .created_tap = {}};
}

Result<Outcome> remove_forward(Change& change, const ForwardRequest& request) {
  auto& tables = change.tables();
  XVNET_ASSIGN(network, network_of(tables, request));
  const auto key = forward_key(request);
  XVNET_ASSIGN(existing, tables.forwards.find(key));
  if (!existing || existing->network != network.id || existing->count != request.count)
    return fail(fmt::format("forward {}: network {:?} does not have this forward",
                            forward_text(request), request.network),
                "`«show forwards»` lists them");
  XVNET_TRY(close_forward(change, {key, *existing}));
  return Outcome{.changed = true, .warnings = {}, .created_tap = {}};
}

Result<void> remove_forwards(Change& change, std::uint32_t network) {
  XVNET_ASSIGN(forwards, all_forwards(change.tables()));
  for (const Forward& forward : forwards)
    if (forward.entry.network == network) XVNET_TRY(close_forward(change, forward));
  return {};
}

Result<std::uint32_t> floating_flag(Tables& tables, std::uint32_t network) {
  XVNET_ASSIGN(forwards, all_forwards(tables));
  const bool has_one = std::ranges::any_of(forwards, [network](const Forward& each) {
    return each.entry.network == network && each.is_floating() && each.is_open();
  });
  return has_one ? abi::NAT_HAS_FLOATING : 0;
}

Result<bool> has_forwards(Tables& tables, std::uint32_t network) {
  XVNET_ASSIGN(forwards, all_forwards(tables));
  return std::ranges::any_of(
      forwards, [network](const Forward& each) { return each.entry.network == network; });
}

Result<void> check_forwards(Tables& tables, const Network& network) {
  XVNET_ASSIGN(forwards, all_forwards(tables));
  for (const auto& [key, entry] : forwards) {
    if (entry.network != network.id) continue;
    const auto name = text_of(network.record.name);
    const auto request = forward_request(key, entry, name);
    if (!has_snat(network.record))
      return fail(
          fmt::format("set network {:?}: forward {} needs its SNAT", name, forward_text(request)),
          "remove it first: «forward del»");
    XVNET_TRY(check_inside(request, network.record));
  }
  return {};
}

Result<bool> may_become_hosts(Tables& tables, const Host& host, const ForwardRequest& request) {
  const Forward forward{forward_key(request), forward_entry(request, 0)};
  const auto found = find_outside(tables, host, forward);
  XVNET_ASSIGN(is_used_by_snat, is_snat_address(tables, forward.key.address));
  return found && found->is_of_host() && !is_used_by_snat && check_host(tables, host, forward);
}

Result<void> follow_forwards(Change& change) {
  XVNET_ASSIGN(forwards, all_forwards(change.tables()));
  XVNET_ASSIGN(before, ports_on_host(change.tables()));
  for (const Forward& forward : forwards) XVNET_TRY(follow_address(change, forward));
  XVNET_TRY(follow_reservations(change, before));
  return follow_loopback(change);
}

Result<void> repair_forwards(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(forwards, all_forwards(tables));
  for (const Forward& forward : forwards) {
    XVNET_ASSIGN(network, tables.network_records.find(forward.entry.network));
    if (!network || !forward.is_open())
      XVNET_TRY(close_forward(change, forward));
    else
      XVNET_TRY(set_floating_flag(change, forward.entry.network));
  }
  return follow_loopback(change);
}

}  // namespace xvnet
