// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/port_addresses.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "loader/base/text.h"

namespace xvnet {
namespace {

using Entries = std::map<Ipv4, abi::address_entry>;

Result<Entries> entries_of(Tables& tables, std::uint32_t network) {
  XVNET_ASSIGN(all, tables.addresses.entries());
  Entries entries;
  for (const auto& [key, entry] : all)
    if (const auto address = ipv4_of(key.address); key.network == network && address)
      entries.emplace(*address, entry);
  return entries;
}

abi::address_key key_of(std::uint32_t network, Ipv4 address) {
  return {.network = network, .address = to_abi(address)};
}

std::unexpected<Error> refusal(const PortRequest& request, std::string_view cause) {
  return fail(fmt::format("attach {:?}: {}", request.device, cause));
}

// The address must be assignable in the subnet, and not be the network's own.
Result<void> check_is_a_hosts(const Network& network, const PortRequest& request, Ipv4 address) {
  const auto subnet = subnet_of(network.record);
  const auto own = own_addresses(network.record);
  const std::string text = format_ipv4(address);
  const std::string name = text_of(network.record.name);
  if (!subnet->is_assignable(address))
    return refusal(request, fmt::format("{} is not a host's address in {}, the subnet of {:?}",
                                        text, format_subnet(*subnet), name));
  if (std::ranges::find(own, address) != own.end())
    return refusal(request, fmt::format("network {:?} itself uses {}", name, text));
  return {};
}

bool is_shared(const abi::address_entry& entry) { return entry.flags & abi::ADDRESS_SHARED; }

Result<void> check_address(const Network& network, const Entries& entries,
                           const PortRequest& request, Ipv4 address) {
  XVNET_TRY(check_is_a_hosts(network, request, address));
  const auto entry = entries.find(address);
  if (entry == entries.end()) return {};
  const std::string name = text_of(network.record.name);
  if (is_shared(entry->second))
    return refusal(request, fmt::format("ports of network {:?} share {} by ‹allow›", name,
                                        format_ipv4(address)));
  if (entry->second.ifindex)
    return refusal(request, fmt::format("port {:?} of network {:?} has {}",
                                        text_of(entry->second.owner), name, format_ipv4(address)));
  return {};
}

// Returns the address reserved for the device, else the lowest one without an entry, else the
// lowest one reserved for another device.
std::optional<Ipv4> find_free(const abi::network_record& record, const Entries& entries,
                              const std::string& device) {
  for (const auto& [address, entry] : entries)
    if (!entry.ifindex && text_of(entry.owner) == device) return address;
  const auto subnet = *subnet_of(record);
  const auto own_list = own_addresses(record);
  const std::set<Ipv4> own(own_list.begin(), own_list.end());
  for (Ipv4 at{subnet.base.number + 1}; at < subnet.last(); ++at.number)
    if (!own.contains(at) && !entries.contains(at)) return at;
  for (const auto& [address, entry] : entries)
    if (!entry.ifindex && !is_shared(entry) && subnet.is_assignable(address) &&
        !own.contains(address))
      return address;
  return std::nullopt;
}

std::unexpected<Error> no_subnet(const PortRequest& request, const std::string& network) {
  return fail(fmt::format("attach {:?}: network {:?} has no subnet", request.device, network),
              fmt::format("give it one with: «network set» {} ‹subnet› CIDR", network));
}

// Addresses reserved for detached devices must not prevent an attach: erases one if the table is
// full.
Result<void> make_room(Change& change) {
  auto& addresses = change.tables().addresses;
  XVNET_ASSIGN(all, addresses.entries());
  if (all.size() < MAX_ADDRESSES) return {};
  for (const auto& [key, entry] : all)
    if (!entry.ifindex && !is_shared(entry)) return change.erase(addresses, key);
  return fail(fmt::format("attach: ports have {} addresses, which is the maximum", all.size()));
}

void set_list(abi::address (&addresses)[MAX_PORT_ADDRESSES], const std::vector<Ipv4>& list) {
  std::memset(addresses, 0, sizeof addresses);
  std::ranges::transform(list, addresses, to_abi);
}

Result<void> hold_allowed(Change& change, std::uint32_t ifindex, std::uint32_t network,
                          Ipv4 address) {
  auto& tables = change.tables();
  XVNET_ASSIGN(entry, tables.addresses.find(key_of(network, address)));
  if (!entry || !is_shared(*entry)) {
    if (!entry) XVNET_TRY(make_room(change));
    abi::address_entry shared{};
    shared.flags = abi::ADDRESS_SHARED;
    XVNET_TRY(change.put(tables.addresses, key_of(network, address), shared));
  }
  return change.put(tables.allowed, {ifindex, to_abi(address)}, network);
}

Result<bool> may_be_had(Tables& tables, const abi::address_key& key) {
  XVNET_ASSIGN(all, tables.allowed.entries());
  return std::ranges::any_of(all, [&key](const auto& entry) {
    return entry.second == key.network &&
           std::memcmp(&entry.first.address, &key.address, sizeof key.address) == 0;
  });
}

Result<void> release_allowed(Change& change, std::uint32_t ifindex, std::uint32_t network,
                             Ipv4 address) {
  auto& tables = change.tables();
  const auto key = key_of(network, address);
  XVNET_TRY(change.erase(tables.allowed, {ifindex, key.address}));
  XVNET_ASSIGN(entry, tables.addresses.find(key));
  if (!entry || !is_shared(*entry)) return {};
  XVNET_ASSIGN(others, may_be_had(tables, key));
  if (!others) return change.erase(tables.addresses, key);
  if (entry->ifindex != ifindex) return {};
  entry->ifindex = 0;
  std::memset(entry->seen_mac, 0, sizeof entry->seen_mac);
  return change.put(tables.addresses, key, *entry);
}

}  // namespace

std::vector<Ipv4> without(std::vector<Ipv4> addresses, const std::vector<Ipv4>& others) {
  std::erase_if(addresses,
                [&](Ipv4 address) { return std::ranges::find(others, address) != others.end(); });
  return addresses;
}

abi::port_record with_addresses(abi::port_record record, const std::vector<Ipv4>& addresses) {
  set_list(record.ips, addresses);
  record.ip_count = static_cast<std::uint16_t>(addresses.size());
  return record;
}

abi::port_record with_allowed(abi::port_record record, const std::vector<Ipv4>& addresses) {
  set_list(record.allowed, addresses);
  record.allowed_count = static_cast<std::uint32_t>(addresses.size());
  return record;
}

Result<std::vector<Ipv4>> choose_addresses(Change& change, const Network& network,
                                           const PortRequest& request) {
  const std::string name = text_of(network.record.name);
  if (!subnet_of(network.record)) {
    if (request.ips.empty()) return std::vector<Ipv4>{};
    return no_subnet(request, name);
  }
  XVNET_ASSIGN(entries, entries_of(change.tables(), network.id));
  for (const Ipv4 address : request.ips)
    XVNET_TRY(check_address(network, entries, request, address));
  if (!request.ips.empty()) return request.ips;
  const auto free = find_free(network.record, entries, request.device);
  if (!free)
    return refusal(request, fmt::format("network {:?} has no free address left in {}", name,
                                        format_subnet(*subnet_of(network.record))));
  return std::vector{*free};
}

// An address that the port itself has exclusively may become shared.
Result<void> check_allowed(Change& change, const Network& network, const PortRequest& request) {
  if (request.allowed.empty()) return {};
  const std::string name = text_of(network.record.name);
  if (!subnet_of(network.record)) return no_subnet(request, name);
  XVNET_ASSIGN(entries, entries_of(change.tables(), network.id));
  for (const Ipv4 address : request.allowed) {
    XVNET_TRY(check_is_a_hosts(network, request, address));
    const auto entry = entries.find(address);
    if (entry == entries.end() || is_shared(entry->second) || !entry->second.ifindex) continue;
    const std::string owner = text_of(entry->second.owner);
    if (owner != request.device)
      return fail(
          fmt::format("attach {:?}: port {:?} of network {:?} does not share its address {}",
                      request.device, owner, name, format_ipv4(address)),
          "to share an address, give it to each port with ‹allow›");
  }
  return {};
}

Result<void> hold_addresses(Change& change, std::uint32_t ifindex, const abi::port_record& record) {
  for (const Ipv4 address : addresses_of(record)) {
    XVNET_TRY(make_room(change));
    abi::address_entry entry{};
    entry.ifindex = ifindex;
    std::memcpy(entry.mac, record.mac, sizeof entry.mac);
    set_text(entry.owner, text_of(record.device.name));
    XVNET_TRY(change.put(change.tables().addresses, key_of(record.network, address), entry));
  }
  for (const Ipv4 address : allowed_of(record))
    XVNET_TRY(hold_allowed(change, ifindex, record.network, address));
  return {};
}

Result<void> release_addresses(Change& change, std::uint32_t ifindex,
                               const abi::port_record& record) {
  auto& addresses = change.tables().addresses;
  for (const Ipv4 address : addresses_of(record)) {
    const auto key = key_of(record.network, address);
    XVNET_ASSIGN(entry, addresses.find(key));
    if (!entry || entry->ifindex != ifindex) continue;
    entry->ifindex = 0;
    XVNET_TRY(change.put(addresses, key, *entry));
  }
  for (const Ipv4 address : allowed_of(record))
    XVNET_TRY(release_allowed(change, ifindex, record.network, address));
  return {};
}

Result<bool> is_kept_or_allowed(Tables& tables, const abi::address_key& key,
                                const abi::address_entry& entry) {
  return is_shared(entry) ? may_be_had(tables, key) : Result<bool>(true);
}

Result<void> forget_addresses(Change& change, std::uint32_t network) {
  auto& addresses = change.tables().addresses;
  XVNET_ASSIGN(all, addresses.entries());
  for (const auto& [key, entry] : all)
    if (key.network == network) XVNET_TRY(change.erase(addresses, key));
  return {};
}

}  // namespace xvnet
