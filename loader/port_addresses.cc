// SPDX-License-Identifier: BSD-2-Clause
#include "loader/port_addresses.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "loader/subnet.h"
#include "loader/text.h"

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

Result<void> check_address(const Network& network, const Entries& entries,
                           const PortRequest& request, Ipv4 address) {
  const auto subnet = subnet_of(network.record);
  const auto own = own_addresses(network.record);
  const std::string text = format_ipv4(address);
  const std::string name = text_of(network.record.name);
  if (!subnet->is_assignable(address))
    return refusal(request, fmt::format("{} is no host's address in {}, the subnet of {:?}", text,
                                        format_subnet(*subnet), name));
  if (std::ranges::find(own, address) != own.end())
    return refusal(request, fmt::format("{} is network {:?}'s own", text, name));
  const auto entry = entries.find(address);
  if (entry != entries.end() && entry->second.ifindex)
    return refusal(request, fmt::format("port {:?} of network {:?} has {}",
                                        text_of(entry->second.owner), name, text));
  return {};
}

// What was kept for the device; else the lowest nobody had; else the lowest nobody has.
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
    if (!entry.ifindex && subnet.is_assignable(address) && !own.contains(address)) return address;
  return std::nullopt;
}

// What is kept for detached devices must not stand in the way of a port.
Result<void> make_room(Change& change) {
  auto& addresses = change.tables().addresses;
  XVNET_ASSIGN(all, addresses.entries());
  if (all.size() < MAX_ADDRESSES) return {};
  for (const auto& [key, entry] : all)
    if (!entry.ifindex) return change.erase(addresses, key);
  return fail(
      fmt::format("attach: ports have {} addresses, and there is room for no more", all.size()));
}

}  // namespace

std::vector<Ipv4> addresses_of(const abi::port_record& record) {
  std::vector<Ipv4> addresses;
  for (std::size_t at = 0; at < record.ip_count; ++at)
    if (const auto address = ipv4_of(record.ips[at])) addresses.push_back(*address);
  return addresses;
}

std::vector<Ipv4> without(std::vector<Ipv4> addresses, const std::vector<Ipv4>& others) {
  std::erase_if(addresses,
                [&](Ipv4 address) { return std::ranges::find(others, address) != others.end(); });
  return addresses;
}

abi::port_record with_addresses(abi::port_record record, const std::vector<Ipv4>& addresses) {
  std::memset(record.ips, 0, sizeof record.ips);
  record.ip_count = static_cast<std::uint16_t>(addresses.size());
  std::ranges::transform(addresses, record.ips, to_abi);
  return record;
}

Result<std::vector<Ipv4>> choose_addresses(Change& change, const Network& network,
                                           const PortRequest& request) {
  const std::string name = text_of(network.record.name);
  if (!subnet_of(network.record)) {
    if (request.ips.empty()) return std::vector<Ipv4>{};
    return fail(fmt::format("attach {:?}: network {:?} has no subnet", request.device, name),
                fmt::format("give it one with: xvnet network set {} --subnet CIDR", name));
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

Result<void> hold_addresses(Change& change, std::uint32_t ifindex, const abi::port_record& record) {
  for (const Ipv4 address : addresses_of(record)) {
    XVNET_TRY(make_room(change));
    abi::address_entry entry{};
    entry.ifindex = ifindex;
    std::memcpy(entry.mac, record.mac, sizeof entry.mac);
    set_text(entry.owner, text_of(record.device.name));
    XVNET_TRY(change.put(change.tables().addresses, key_of(record.network, address), entry));
  }
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
  return {};
}

Result<void> forget_addresses(Change& change, std::uint32_t network) {
  auto& addresses = change.tables().addresses;
  XVNET_ASSIGN(all, addresses.entries());
  for (const auto& [key, entry] : all)
    if (key.network == network) XVNET_TRY(change.erase(addresses, key));
  return {};
}

}  // namespace xvnet
