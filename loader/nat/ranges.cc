// SPDX-License-Identifier: BSD-2-Clause
#include "loader/nat/ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "loader/base/text.h"

namespace xvnet {
namespace {

Result<bool> is_of_host(Tables& tables, const abi::address& address) {
  XVNET_ASSIGN(entry, tables.nat_addresses.find(address));
  return entry && entry->flags & abi::NAT_ADDRESS_OF_HOST;
}

bool is_of(const abi::nat_range& range, Ipv4 address) { return ipv4_of(range.address) == address; }

struct Zone {
  std::size_t first;
  std::size_t end;
};

// Linux chooses ports of sockets from 32768-60999 (ip_local_port_range), other systems from 49152
// on (RFC 6335, section 6).
constexpr std::array kHostZones{Zone{16384, 32768}, Zone{61000, 65536}, Zone{16384, 65536}};
constexpr std::array kPoolZones{Zone{1024, 65536}};

std::span<const Zone> zones_of(const PublicAddress& address) {
  return address.is_of_host() ? std::span<const Zone>(kHostZones) : kPoolZones;
}

// Returns the first port of the highest free block of `count` ports. It is even, like `count`.
std::optional<std::size_t> highest_free(const PortSet& taken, const Zone& zone, std::size_t count) {
  std::size_t end = zone.end;
  for (std::size_t port = end; port-- > zone.first;) {
    if (taken[port]) end = port;
    if (end - port >= count && port % 2 == 0) return port;
  }
  return std::nullopt;
}

std::optional<std::size_t> choose_block(const PortSet& taken, std::span<const Zone> zones,
                                        std::size_t count) {
  for (const Zone& zone : zones)
    if (const auto first = highest_free(taken, zone, count)) return first;
  return std::nullopt;
}

// The largest `count` for which highest_free() finds a block.
std::size_t most_free(const PortSet& taken, const Zone& zone) {
  std::size_t most = 0;
  std::size_t end = zone.end;
  for (std::size_t port = end; port-- > zone.first;) {
    if (taken[port]) end = port;
    if (port % 2 == 0) most = std::max(most, (end - port) / 2 * 2);
  }
  return most;
}

// Ports of the address that the network cannot get. On an address of the host these include ports
// that the host's DNAT publishes, and reserved ports that neither a network nor a forward reserved:
// they belong to a service.
Result<PortSet> taken_ports(Tables& tables, const Host& host, std::uint32_t network,
                            const PublicAddress& address) {
  PortSet taken;
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  for (const auto& [id, nat] : networks)
    for (const auto& range : ranges_of(nat))
      if (id != network && is_of(range, address.address)) taken |= ports_of(range);
  XVNET_ASSIGN(forwards, tables.forwards.entries());
  for (const auto& [key, forward] : forwards)
    if (ipv4_of(key.address) == address.address) taken |= ports_of(key, forward);
  if (!address.is_of_host()) return taken;
  XVNET_ASSIGN(reserved, host.reserved_ports());
  XVNET_ASSIGN(ours, ports_on_host(tables));
  XVNET_ASSIGN(published, host.published_ports(address.address));
  return taken | (reserved & ~ours) | published;
}

std::unexpected<Error> no_room(const Network& network, const PublicAddress& address,
                               std::size_t left) {
  const std::string ip = format_ipv4(address.address);
  const std::string hint = left >= kMinSnatPorts
                               ? fmt::format("request {} with ‹snat_ports›, or use another address",
                                             std::min<std::size_t>(left, kMaxSnatPorts))
                               : "use another address with ‹snat›";
  return fail(fmt::format("network {:?}: {} has only {} consecutive free ports, not {}",
                          text_of(network.record.name), ip, left, network.record.snat_ports),
              hint);
}

Result<abi::nat_range> choose_range(Tables& tables, const Host& host, const Network& network,
                                    const PublicAddress& address) {
  const std::uint16_t count = network.record.snat_ports;
  const auto zones = zones_of(address);
  abi::nat_range range{.address = to_abi(address.address),
                       .first = 0,
                       .count = count,
                       .flags = address.is_of_host() ? std::uint32_t{abi::NAT_RANGE_OF_HOST} : 0};
  XVNET_ASSIGN(taken, taken_ports(tables, host, network.id, address));
  XVNET_ASSIGN(previous, tables.nat_networks.find(network.id));
  for (const auto& had : previous ? ranges_of(*previous) : std::vector<abi::nat_range>{})
    if (is_of(had, address.address) && had.count == count && had.first >= zones.back().first &&
        (taken & ports_of(had)).none()) {
      range.first = had.first;
      return range;
    }
  const auto first = choose_block(taken, zones, count);
  if (!first) return no_room(network, address, most_free(taken, zones.back()));
  range.first = static_cast<std::uint16_t>(*first);
  return range;
}

// Every port may have one mapping for each protocol, so the mapping tables must have room for all
// of them.
Result<void> check_room(Tables& tables, const Network& network, std::size_t addresses) {
  constexpr std::size_t kMostPorts = MAX_NAT_MAPPINGS / abi::NAT_ANY;
  std::size_t ports = addresses * network.record.snat_ports;
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  for (const auto& [id, nat] : networks)
    for (const auto& range : ranges_of(nat)) ports += id == network.id ? 0 : range.count;
  XVNET_ASSIGN(forwards, tables.forwards.entries());
  for (const auto& [key, forward] : forwards) ports += forward.count;
  if (ports <= kMostPorts) return {};
  return fail(
      fmt::format("network {:?}: all networks together would have {} public ports, but there is "
                  "room for {}",
                  text_of(network.record.name), ports, kMostPorts),
      "request fewer with ‹snat_ports›");
}

}  // namespace

PortSet ports_of(const abi::nat_range& range) {
  PortSet ports;
  for (std::size_t at = 0; at < range.count; ++at) ports.set(range.first + at);
  return ports;
}

PortSet ports_of(const abi::nat_slot_key& key, const abi::forward& forward) {
  PortSet ports;
  if (key.protocol == abi::NAT_ANY) return ports.set();
  for (std::size_t at = 0; at < forward.count; ++at) ports.set(key.port + at);
  return ports;
}

Result<std::vector<abi::nat_range>> choose_ranges(Tables& tables, const Host& host,
                                                  const Network& network,
                                                  const std::vector<PublicAddress>& addresses) {
  XVNET_TRY(check_room(tables, network, addresses.size()));
  std::vector<abi::nat_range> ranges;
  for (const auto& address : addresses) {
    XVNET_ASSIGN(range, choose_range(tables, host, network, address));
    ranges.push_back(range);
  }
  return ranges;
}

Result<PortSet> ports_on_host(Tables& tables, const abi::nat_network& network) {
  PortSet ports;
  for (const auto& range : ranges_of(network)) {
    XVNET_ASSIGN(is_hosts, is_of_host(tables, range.address));
    if (is_hosts) ports |= ports_of(range);
  }
  return ports;
}

Result<PortSet> ports_on_host(Tables& tables, std::uint32_t except) {
  PortSet ports;
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  for (const auto& [id, network] : networks) {
    if (id == except) continue;
    XVNET_ASSIGN(own, ports_on_host(tables, network));
    ports |= own;
  }
  XVNET_ASSIGN(forwards, tables.forwards.entries());
  for (const auto& [key, forward] : forwards) {
    XVNET_ASSIGN(is_hosts, is_of_host(tables, key.address));
    if (is_hosts && forward.state == abi::RECORD_COMPLETE) ports |= ports_of(key, forward);
  }
  return ports;
}

Result<void> reserve_on_host(Change& change, const PortSet& ports) {
  XVNET_ASSIGN(reserved, change.host().reserved_ports());
  return change.set_reserved_ports(reserved | ports);
}

Result<void> release_on_host(Change& change, const PortSet& ports) {
  XVNET_ASSIGN(reserved, change.host().reserved_ports());
  return change.set_reserved_ports(reserved & ~ports);
}

}  // namespace xvnet
