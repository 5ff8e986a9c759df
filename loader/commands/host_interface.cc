// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/host_interface.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "loader/base/text.h"
#include "loader/commands/port.h"
#include "loader/commands/repair.h"
#include "loader/model/command_line.h"
#include "loader/model/device.h"
#include "loader/model/host_address.h"
#include "loader/model/host_side.h"

namespace xvnet {
namespace {

constexpr std::string_view kRetiredPrefix = "xp~";

std::string name_of(const Network& network) { return text_of(network.record.name); }

Result<void> check_name_fits(const std::string& network) {
  const std::size_t longest = NAME_SIZE - 1 - kHostPrefix.size();
  if (network.size() > longest)
    return fail(ErrorKind::kUsage, fmt::format("network {:?}: the name of a network with a host "
                                               "address may have {} bytes, because the "
                                               "interface is called {}{}",
                                               network, longest, kHostPrefix, network));
  return {};
}

// The veth pair, whatever the current names of its ends. An end may have been renamed, and the
// host's end may be in another namespace.
struct Pair {
  Link port;
  abi::port_record record;
  std::optional<Link> host;
};

Result<std::optional<Pair>> find_pair(Change& change, const Network& network) {
  XVNET_ASSIGN(ports, host_ports(change.tables(), network.id));
  for (const auto& [ifindex, record] : ports) {
    XVNET_ASSIGN(link, change.host().find_link(ifindex));
    if (!link) continue;
    XVNET_ASSIGN(is_port, is_whole(change.host(), *link, record.device));
    // Its link may be detached. A device with the recorded name and MAC is the same one.
    if (!is_port && !is_as_recorded(*link, record.device)) continue;
    XVNET_ASSIGN(host, change.host().find_link(link->peer));
    return Pair{*link, record, host};
  }
  return std::nullopt;
}

std::string spare_name(std::uint32_t ifindex) {
  return fmt::format("{}{}", kRetiredPrefix, ifindex);
}

// If the other end of the pair has the wanted name, it gets a spare name first.
Result<void> rename_back(Change& change, std::uint32_t ifindex, const std::string& name) {
  XVNET_ASSIGN(link, change.host().find_link(ifindex));
  if (!link || link->name == name) return {};
  XVNET_ASSIGN(other, change.host().find_link(name));
  if (other && other->ifindex != link->peer)
    return fail(
        fmt::format("rename {:?} back to {:?}, the host interface of a network: another "
                    "device is called {:?}",
                    link->name, name, name),
        fmt::format("rename that one, or delete it: ip link del {}", quoted_for_shell(name)));
  if (other) {
    XVNET_TRY(change.set_up(*other, false));
    XVNET_TRY(change.set_name(*other, spare_name(other->ifindex)));
  }
  XVNET_TRY(change.set_up(*link, false));
  return change.set_name(*link, name);
}

// Renames the pair, so that a new pair can have its names before the commit deletes this one.
Result<void> retire(Change& change, const Link& port) {
  XVNET_TRY(change.set_up(port, false));
  XVNET_TRY(change.set_name(port, spare_name(port.ifindex)));
  if (port.peer) {
    XVNET_ASSIGN(host, change.host().find_link(port.peer));
    if (host) XVNET_TRY(change.set_up(*host, false));
    if (host) XVNET_TRY(change.set_name(*host, spare_name(port.peer)));
  }
  change.delete_on_commit(port.ifindex);
  return {};
}

// A pair that was in another namespace may have a new ifindex after its return. It is then no
// longer the recorded port.
Result<void> retire_returned(Change& change, const Network& network) {
  XVNET_ASSIGN(ports, host_ports(change.tables(), network.id));
  for (const auto& [ifindex, record] : ports) {
    XVNET_ASSIGN(link, change.host().find_link(text_of(record.device.name)));
    if (link && link->ifindex != ifindex && record.device.mac_tail == mac_tail(*link) &&
        is_as_recorded(*link, record.device))
      XVNET_TRY(retire(change, *link));
  }
  return {};
}

// A device with one of these names is not xvnet's: recover() has removed devices of interrupted
// commands.
Result<void> check_names_free(Change& change, const Network& network) {
  for (const std::string& name :
       {host_interface_name(name_of(network)), host_port_name(name_of(network))}) {
    XVNET_ASSIGN(link, change.host().find_link(name));
    if (link)
      return fail(
          fmt::format("network {:?}: a device called {:?} exists already", name_of(network), name),
          "rename that device, or give the network another name");
  }
  return {};
}

// Restores both ends as they were created. Adds only the addresses that are requested now, because
// others may be about to be removed. Returns false if the pair vanished meanwhile.
Result<bool> repair(Change& change, const Network& network, Pair pair,
                    const std::vector<std::string>& addresses, HostAddresses kinds) {
  auto& [port, record, host] = pair;
  XVNET_TRY(rename_back(change, port.ifindex, host_port_name(name_of(network))));
  XVNET_TRY(rename_back(change, host->ifindex, host_interface_name(name_of(network))));
  port.name = host_port_name(name_of(network));
  if (std::memcmp(record.mac, host->mac.data(), sizeof record.mac) != 0) {
    XVNET_TRY(remove_static_mac(change, port.ifindex, record));
    std::memcpy(record.mac, host->mac.data(), sizeof record.mac);
    XVNET_TRY(add_static_mac(change, port.ifindex, record));
  }
  if (const auto done = repair_port(change, {port.ifindex, record}, port); !done) {
    XVNET_TRY(change.unless_gone(port.ifindex, done));
    return false;
  }
  XVNET_TRY(change.set_master(*host, 0));
  Noise noise = host->noise;
  noise.has_arp = true;
  XVNET_TRY(change.set_noise(*host, noise));
  XVNET_TRY(change.guard(*host, kinds));
  for (const auto& address : addresses) XVNET_TRY(change.add_address(host->ifindex, address));
  XVNET_TRY(change.set_up(*host, true));
  return true;
}

Result<void> remove_pair(Change& change, const Network& network) {
  XVNET_ASSIGN(ports, host_ports(change.tables(), network.id));
  for (const auto& [ifindex, record] : ports) {
    XVNET_TRY(remove_port(change, ifindex, record, true));
  }
  return {};
}

// VMs know the addresses by the MAC of the previous pair.
Result<void> announce(Change& change, std::uint32_t host) {
  XVNET_ASSIGN(own, change.host().ipv4_addresses(host));
  for (const auto& each : own) change.announce_on_commit(host, each.address);
  return {};
}

// Adds the addresses before the port is complete, so a complete port implies that they exist.
Result<void> provide(Change& change, const Network& network,
                     const std::vector<std::string>& addresses, HostAddresses kinds) {
  XVNET_TRY(check_name_fits(name_of(network)));
  XVNET_TRY(set_host_routes(change, network.id, addresses));
  XVNET_ASSIGN(pair, find_pair(change, network));
  if (pair && pair->host) {
    XVNET_ASSIGN(is_repaired, repair(change, network, *pair, addresses, kinds));
    if (is_repaired) return {};
  } else if (pair) {
    XVNET_TRY(retire(change, pair->port));
  }
  XVNET_TRY(retire_returned(change, network));
  XVNET_ASSIGN(previous, host_ports(change.tables(), network.id));
  XVNET_TRY(remove_pair(change, network));
  XVNET_TRY(check_names_free(change, network));
  const std::string host_name = host_interface_name(name_of(network));
  const std::string port_name = host_port_name(name_of(network));
  XVNET_TRY(change.create_veth(host_name, port_name));
  XVNET_ASSIGN(host, change.host().find_link(host_name));
  XVNET_ASSIGN(port, change.host().find_link(port_name));
  if (!host || !port)
    return fail(
        fmt::format("network {:?}: one end of its host interface is gone", name_of(network)));
  XVNET_TRY(change.guard(*host, kinds));
  for (const auto& address : addresses) XVNET_TRY(change.add_address(host->ifindex, address));
  XVNET_TRY(change.set_up(*host, true));
  if (!previous.empty()) XVNET_TRY(announce(change, host->ifindex));
  return attach_host_port(change, *port, network, host->mac);
}

}  // namespace

Result<void> provide_host_interface(Change& change, const Network& network,
                                    const std::vector<std::string>& addresses) {
  if (addresses.empty()) return {};
  return provide(change, network, addresses, kinds_of(addresses));
}

// Disables IPv6 after the last IPv6 address is removed, so that undo can add that address again.
Result<void> change_host_addresses(Change& change, const Network& network,
                                   const std::vector<std::string>& before,
                                   const std::vector<std::string>& after) {
  if (before.empty()) return provide_host_interface(change, network, after);
  if (after.empty()) return remove_host_interface(change, network);
  XVNET_ASSIGN(host, change.host().find_link(host_interface_name(name_of(network))));
  auto all = after;
  all.insert(all.end(), before.begin(), before.end());
  XVNET_TRY(provide(change, network, after, kinds_of(host ? all : after)));
  if (!host) return {};
  for (const auto& address : before)
    if (std::ranges::find(after, address) == after.end())
      XVNET_TRY(change.remove_address(host->ifindex, address));
  // When the first address of a subnet is removed, the kernel removes the others too (unless
  // promote_secondaries is set).
  for (const auto& address : after) XVNET_TRY(change.add_address(host->ifindex, address));
  return change.guard(*host, kinds_of(after));
}

Result<void> remove_host_interface(Change& change, const Network& network) {
  XVNET_TRY(remove_pair(change, network));
  return set_host_routes(change, network.id, {});
}

}  // namespace xvnet
