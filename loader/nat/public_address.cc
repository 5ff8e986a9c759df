// SPDX-License-Identifier: BSD-2-Clause
#include "loader/nat/public_address.h"

#include <fmt/format.h>

#include <algorithm>

#include "loader/base/text.h"
#include "loader/model/binding.h"
#include "loader/model/records.h"

namespace xvnet {
namespace {

struct Home {
  Link link;
  std::vector<InterfaceAddress> addresses;

  bool has(Ipv4 address) const {
    return std::ranges::find(addresses, address, &InterfaceAddress::address) != addresses.end();
  }
  bool reaches(Ipv4 address) const {
    return std::ranges::any_of(addresses, [&](const auto& own) { return own.reaches(address); });
  }
  // The first and the last address of a subnet cannot belong to a host.
  bool is_assignable(Ipv4 address) const {
    return std::ranges::any_of(addresses, [&](const auto& own) {
      return own.reaches(address) && own.is_assignable(address);
    });
  }
};

Result<std::vector<Home>> find_homes(Tables& tables, const Host& host) {
  std::vector<Home> homes;
  XVNET_ASSIGN(uplinks, working_uplinks(tables, host));
  for (const auto& [ifindex, record] : uplinks) {
    XVNET_ASSIGN(link, host.find_link(ifindex));
    if (!link) continue;
    XVNET_ASSIGN(addresses, host.ipv4_addresses(ifindex));
    homes.push_back({*link, addresses});
  }
  return homes;
}

std::unexpected<Error> refusal(std::string_view what, std::string_view cause, std::string hint) {
  return fail(fmt::format("{}: {}", what, cause), std::move(hint));
}

std::string what_of(const abi::network_record& record, std::string_view setting) {
  return fmt::format("network {:?}: {}", text_of(record.name), setting);
}

// The host's stack answers ARP for the address.
PublicAddress hosts_own(Ipv4 address) {
  return {
      address,
      {.flags = abi::NAT_ADDRESS_OF_HOST, .uplink = 0, .mac = {}, .first = 0, .last = 0, .pad = 0}};
}

PublicAddress at_home(Ipv4 address, const Link& link) {
  PublicAddress result{
      address, {.flags = 0, .uplink = link.ifindex, .mac = {}, .first = 0, .last = 0, .pad = 0}};
  std::ranges::copy(link.mac, result.entry.mac);
  return result;
}

// Keeps the network's address as long as an uplink has it. So an additional address on an uplink
// does not end sessions.
Result<PublicAddress> find_auto(const abi::network_record& record, const std::vector<Home>& homes,
                                const std::vector<Ipv4>& present) {
  for (const Ipv4 address : present)
    for (const Home& home : homes)
      if (home.has(address)) return hosts_own(address);
  std::vector<const Home*> candidates;
  for (const Home& home : homes)
    if (!home.addresses.empty()) candidates.push_back(&home);
  if (candidates.empty())
    return refusal(what_of(record, "‹snat› auto"), "no uplink has an IPv4 address",
                   "give an uplink an address, or name one with ‹snat› IP");
  if (candidates.size() > 1)
    return refusal(what_of(record, "‹snat› auto"),
                   fmt::format("{} uplinks have addresses", candidates.size()),
                   "name the address with ‹snat› IP");
  return hosts_own(candidates.front()->addresses.front().address);
}

// Chooses the uplink whose subnet contains the address; else the only uplink, to which a router
// must route the address.
Result<PublicAddress> find_named(const Host& host, const std::string& what,
                                 const std::vector<Home>& homes, Ipv4 address) {
  if (homes.empty()) return refusal(what, "no uplink exists", "add it first: «uplink add» IFACE");
  std::vector<const Home*> reaching;
  for (const Home& home : homes) {
    if (home.has(address)) return hosts_own(address);
    if (home.reaches(address)) reaching.push_back(&home);
  }
  XVNET_ASSIGN(holder, host.address_holder(to_abi(address)));
  if (!holder.empty())
    return refusal(what,
                   fmt::format("the host has the address on {:?}, which is not an uplink", holder),
                   "use another address, or move this one to an uplink");
  if (reaching.size() > 1)
    return refusal(what, fmt::format("it is in the subnets of {} uplinks", reaching.size()),
                   "let only one of them have an address in that subnet");
  if (reaching.empty() && homes.size() > 1)
    return refusal(what, "no uplink has an address in its subnet",
                   "give an uplink an address in the subnet");
  const Home& home = reaching.empty() ? homes.front() : *reaching.front();
  if (!reaching.empty() && !home.is_assignable(address))
    return refusal(what,
                   fmt::format("it is not a host's address in the subnet of {:?}", home.link.name),
                   "the first and the last address of a subnet are reserved");
  auto found = at_home(address, home.link);
  found.is_beside_uplinks = reaching.empty();
  return found;
}

constexpr std::uint32_t kNoNetwork = 0;  // ids begin at 1

Result<std::vector<Ipv4>> addresses_in_use(Tables& tables, std::uint32_t network) {
  std::vector<Ipv4> addresses;
  XVNET_ASSIGN(entry, tables.nat_networks.find(network));
  const auto count = entry ? std::min<std::size_t>(entry->range_count, MAX_NAT_RANGES) : 0;
  for (std::size_t at = 0; at < count; ++at)
    if (const auto address = ipv4_of(entry->ranges[at].address)) addresses.push_back(*address);
  return addresses;
}

bool has_range_of(const abi::nat_network& network, const abi::address& address) {
  const auto* end = network.ranges + std::min<std::size_t>(network.range_count, MAX_NAT_RANGES);
  return std::any_of(network.ranges, end,
                     [&](const auto& range) { return ipv4_of(range.address) == ipv4_of(address); });
}

// Sets the lowest and highest port that networks use of the address. Programs compare a port with
// these bounds before they look up its slot.
Result<abi::nat_address> with_port_bounds(Tables& tables, const abi::address& address,
                                          abi::nat_address entry, std::uint32_t except) {
  entry.first = 0;
  entry.last = 0;
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  for (const auto& [id, network] : networks) {
    for (const auto& range : ranges_of(network)) {
      if (id == except || ipv4_of(range.address) != ipv4_of(address)) continue;
      const auto last = static_cast<std::uint16_t>(range.first + range.count - 1);
      entry.first = entry.first ? std::min(entry.first, range.first) : range.first;
      entry.last = std::max(entry.last, last);
    }
  }
  return entry;
}

// Claims of the host are useful only while a network has ports of the address.
Result<void> remove_claims(Change& change, const abi::address& address) {
  auto& slots = change.tables().nat_slots;
  XVNET_ASSIGN(entries, slots.entries());
  for (const auto& [key, slot] : entries)
    if (slot.network == NAT_SLOT_HOST && ipv4_of(key.address) == ipv4_of(address))
      XVNET_TRY(change.erase(slots, key));
  return {};
}

Result<void> keep_address(Change& change, const abi::address& address,
                          std::uint32_t network_that_goes) {
  auto& addresses = change.tables().nat_addresses;
  XVNET_ASSIGN(before, addresses.find(address));
  if (!before) return {};
  XVNET_ASSIGN(entry, with_port_bounds(change.tables(), address, *before, network_that_goes));
  if (!entry.first) XVNET_TRY(remove_claims(change, address));
  return std::memcmp(&*before, &entry, sizeof entry) == 0 ? Result<void>{}
                                                          : change.put(addresses, address, entry);
}

}  // namespace

Result<std::vector<PublicAddress>> find_public_addresses(Tables& tables, const Host& host,
                                                         std::uint32_t network,
                                                         const abi::network_record& record) {
  XVNET_ASSIGN(homes, find_homes(tables, host));
  if (homes.empty())
    return refusal(what_of(record, "‹snat›"), "no uplink exists",
                   "add it first: «uplink add» IFACE");
  std::vector<PublicAddress> found;
  if (record.flags & abi::RECORD_SNAT_AUTO) {
    XVNET_ASSIGN(present, addresses_in_use(tables, network));
    XVNET_ASSIGN(address, find_auto(record, homes, present));
    found.push_back(address);
  }
  for (const Ipv4 named : snat_addresses(record)) {
    const auto what = what_of(record, fmt::format("‹snat› {}", format_ipv4(named)));
    XVNET_ASSIGN(address, find_named(host, what, homes, named));
    found.push_back(address);
  }
  return found;
}

Result<PublicAddress> find_public_address(Tables& tables, const Host& host, Ipv4 address,
                                          const std::string& what) {
  XVNET_ASSIGN(homes, find_homes(tables, host));
  return find_named(host, what, homes, address);
}

Result<void> check_unanswered(Change& change, const PublicAddress& address) {
  if (address.is_of_host()) return {};
  XVNET_ASSIGN(known, change.tables().nat_addresses.find(to_abi(address.address)));
  if (known && !(known->flags & abi::NAT_ADDRESS_OF_HOST)) return {};
  XVNET_ASSIGN(answer, change.host().probe_address(address.entry.uplink, address.address));
  if (!answer) return {};
  XVNET_ASSIGN(link, change.host().find_link(address.entry.uplink));
  return refusal(fmt::format("use public address {}", format_ipv4(address.address)),
                 fmt::format("{} answers ARP requests for it on the LAN of {:?}",
                             format_mac(*answer), link ? link->name : std::string()),
                 "use another address, or ‹force›");
}

Result<std::vector<std::string>> reach_warnings(Change& change,
                                                const std::vector<PublicAddress>& addresses) {
  std::vector<std::string> warnings;
  for (const PublicAddress& address : addresses) {
    if (!address.is_beside_uplinks) continue;
    XVNET_ASSIGN(known, change.tables().nat_addresses.find(to_abi(address.address)));
    XVNET_ASSIGN(link, change.host().find_link(address.entry.uplink));
    if (known || !link) continue;
    warnings.push_back(fmt::format(
        "{}: neither the host nor the subnet of {:?} has this address; it receives nothing "
        "unless a router there has a route for it to this host",
        format_ipv4(address.address), link->name));
  }
  return warnings;
}

Result<void> hold_address(Change& change, const PublicAddress& address) {
  auto& addresses = change.tables().nat_addresses;
  const auto key = to_abi(address.address);
  XVNET_ASSIGN(before, addresses.find(key));
  XVNET_ASSIGN(entry, with_port_bounds(change.tables(), key, address.entry, kNoNetwork));
  if (before && std::memcmp(&*before, &entry, sizeof entry) == 0) return {};
  const bool is_new =
      !before || before->uplink != entry.uplink || !std::ranges::equal(before->mac, entry.mac);
  if (is_new && !address.is_of_host())
    change.announce_on_commit(address.entry.uplink, address.address);
  return change.put(addresses, key, entry);
}

Result<bool> is_snat_address(Tables& tables, const abi::address& address, std::uint32_t except) {
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  return std::ranges::any_of(networks, [&](const auto& network) {
    return network.first != except && has_range_of(network.second, address);
  });
}

Result<void> release_address(Change& change, const abi::address& address,
                             std::uint32_t network_that_goes) {
  auto& tables = change.tables();
  XVNET_ASSIGN(is_needed, is_snat_address(tables, address, network_that_goes));
  if (is_needed) return keep_address(change, address, network_that_goes);
  XVNET_ASSIGN(forwards, tables.forwards.entries());
  for (const auto& [key, forward] : forwards)
    if (ipv4_of(key.address) == ipv4_of(address) && forward.state == abi::RECORD_COMPLETE)
      return keep_address(change, address, network_that_goes);
  XVNET_TRY(remove_claims(change, address));
  return change.erase(tables.nat_addresses, address);
}

}  // namespace xvnet
