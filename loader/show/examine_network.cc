// SPDX-License-Identifier: BSD-2-Clause
#include "loader/show/examine_network.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "loader/base/text.h"
#include "loader/model/command_line.h"
#include "loader/model/forward_request.h"
#include "loader/model/host_address.h"
#include "loader/model/host_side.h"
#include "loader/model/network_request.h"
#include "loader/model/records.h"
#include "loader/nat/forward.h"
#include "loader/nat/nat.h"
#include "loader/nat/public_address.h"
#include "loader/nat/ranges.h"
#include "loader/show/examine_device.h"

namespace xvnet {
namespace {

struct Examined {
  Network network;
  NetworkRequest request;
  std::string check;
};

Result<void> examine_uplink_of(Tables& tables, const Examined& examined, Findings& findings) {
  const auto& record = examined.network.record;
  XVNET_ASSIGN(entry, tables.networks.find(examined.network.id));
  const bool is_on_wire = record.vid || record.flags & abi::RECORD_UNTAGGED;
  if (!is_on_wire || (entry && entry->uplink)) return {};
  findings.push_back({examined.check, Health::kWarn,
                      record.vid
                          ? fmt::format("no uplink carries VLAN {}: its frames stay on this "
                                        "host",
                                        record.vid)
                          : std::string("the network has no uplink: its frames stay on this host"),
                      "add an uplink: «uplink add» IFACE"});
  return {};
}

struct LostAddress {
  Ipv4 address;
  std::string holder;  // a device of the host that is no uplink; empty if the host has lost it
};

// Returns the network's first public address that was an address of an uplink but is no longer.
Result<std::optional<LostAddress>> lost_address(const Host& host, Tables& tables,
                                                const abi::nat_network& entry) {
  for (const auto& range : ranges_of(entry)) {
    const auto address = ipv4_of(range.address);
    XVNET_ASSIGN(known, tables.nat_addresses.find(range.address));
    if (!address || !known || !(known->flags & abi::NAT_ADDRESS_OF_HOST)) continue;
    XVNET_ASSIGN(holder, host.address_holder(range.address));
    if (holder.empty()) return LostAddress{*address, ""};
    XVNET_ASSIGN(link, host.find_link(holder));
    XVNET_ASSIGN(uplink, tables.uplink_records.find(link ? link->ifindex : 0));
    if (!uplink) return LostAddress{*address, holder};
  }
  return std::nullopt;
}

// Returns the command that removes the address from the host: "ip address del 203.0.113.7/24 dev
// eth0".
Result<std::string> removal_command(const Host& host, Ipv4 address, const std::string& holder) {
  XVNET_ASSIGN(link, host.find_link(holder));
  std::uint32_t prefix = kIpv4Bits;
  if (link) {
    XVNET_ASSIGN(own, host.ipv4_addresses(link->ifindex));
    for (const auto& each : own)
      if (each.address == address) prefix = each.prefix;
  }
  return fmt::format("ip address del {}/{} dev {}", format_ipv4(address), prefix,
                     quoted_for_shell(holder));
}

// Reports pool addresses that the host has taken. Their ranges include ports that the host may use,
// so no xvnet command can repair the network while the host has them.
Result<void> examine_pool(const Host& host, Tables& tables, const Examined& examined,
                          Findings& findings) {
  XVNET_ASSIGN(entry, tables.nat_networks.find(examined.network.id));
  if (!entry) return {};
  for (const auto& range : ranges_of(*entry)) {
    const auto address = ipv4_of(range.address);
    XVNET_ASSIGN(known, tables.nat_addresses.find(range.address));
    if (!address || !known || known->flags & abi::NAT_ADDRESS_OF_HOST) continue;
    XVNET_ASSIGN(holder, host.address_holder(range.address));
    if (holder.empty()) continue;
    XVNET_ASSIGN(removal, removal_command(host, *address, holder));
    findings.push_back({examined.check, Health::kFail,
                        fmt::format("the public address {} of its VMs was assigned to {:?}: remove "
                                    "it there, or give the network another ‹snat›",
                                    format_ipv4(*address), holder),
                        removal});
  }
  return {};
}

std::string in_words(const std::optional<LostAddress>& lost) {
  if (!lost) return "it has SNAT but no public address: its VMs do not reach the internet";
  const std::string ip = format_ipv4(lost->address);
  return lost->holder.empty()
             ? fmt::format("the host does not have the public address {} of its VMs any more", ip)
             : fmt::format(
                   "its VMs do not reach the internet: their public address {} is on {:?}, which "
                   "is not an uplink",
                   ip, lost->holder);
}

// If plan_nat() fails now, the operator must fix its cause first.
Result<void> examine_snat(const Host& host, Tables& tables, const Examined& examined,
                          Findings& findings) {
  if (!has_snat(examined.network.record)) return {};
  XVNET_ASSIGN(entry, tables.nat_networks.find(examined.network.id));
  std::optional<LostAddress> lost;
  if (entry) {
    XVNET_ASSIGN(found, lost_address(host, tables, *entry));
    lost = found;
  }
  if (entry && !lost) return {};
  if (lost && !lost->holder.empty()) {
    findings.push_back({examined.check, Health::kFail, in_words(lost),
                        "«uplink add» " + quoted_for_shell(lost->holder)});
    return {};
  }
  const std::string detail = in_words(lost);
  const std::string command = snat_command(examined.request);
  const auto plan = plan_nat(tables, host, examined.network);
  findings.push_back({examined.check, Health::kFail,
                      plan ? detail : fmt::format("{} ({})", detail, plan.error().message),
                      plan ? command
                      : plan.error().hint.empty()
                          ? "give an uplink an IPv4 address, then: " + command
                          : plan.error().hint});
  return {};
}

// A restore has no present addresses to go by.
Result<void> examine_restore(const Host& host, Tables& tables, const Examined& examined,
                             Findings& findings) {
  const bool is_examined = std::ranges::any_of(
      findings, [&](const Finding& finding) { return finding.check == examined.check; });
  if (!has_snat(examined.network.record) || is_examined) return {};
  const auto afresh = find_public_addresses(tables, host, 0, examined.network.record);
  if (!afresh)
    findings.push_back({examined.check, Health::kWarn,
                        "its SNAT cannot be restored after a reboot: " + afresh.error().message,
                        afresh.error().hint});
  return {};
}

Result<bool> is_uplink_among(Tables& tables, const std::vector<std::uint32_t>& devices) {
  for (const std::uint32_t ifindex : devices) {
    XVNET_ASSIGN(uplink, tables.uplink_records.find(ifindex));
    if (uplink) return true;
  }
  return false;
}

// Checks what all networks with SNAT share: the routes of the host and its other NAT.
Result<void> examine_ways_out(const Host& host, Tables& tables, Findings& findings) {
  XVNET_ASSIGN(networks, tables.nat_networks.entries());
  if (networks.empty()) return {};
  const auto warn = [&](const char* check, std::string detail, const char* fix) {
    findings.push_back({check, Health::kWarn, std::move(detail), fix});
  };
  XVNET_ASSIGN(devices, host.default_route_devices());
  XVNET_ASSIGN(leads_out, is_uplink_among(tables, devices));
  if (!leads_out)
    warn("routes",
         "no IPv4 default route goes through an uplink: VMs reach only the destinations of other "
         "routes",
         "ip route add default via ROUTER");
  XVNET_ASSIGN(mtus, host.unlocked_route_mtus());
  for (const auto& route : mtus)
    warn("routes",
         fmt::format("the MTU of the route {} does not apply to VMs, because it is not locked",
                     route),
         "add the word lock to the route: mtu lock BYTES");
  XVNET_ASSIGN(own, ports_on_host(tables));
  if (own.none()) return {};
  XVNET_ASSIGN(places, host.random_translations());
  for (const auto& place : places)
    warn("nat",
         fmt::format("a rule in {} translates to random ports, including those of networks: a VM "
                     "that uses such a port loses its connection",
                     place),
         "restrict the rule to other ports, such as `masquerade to :1024-16383 fully-random`, or "
         "give the networks another address with ‹snat› IP");
  return {};
}

Result<void> examine_published(const Host& host, Tables& tables, const Examined& examined,
                               Findings& findings) {
  XVNET_ASSIGN(entry, tables.nat_networks.find(examined.network.id));
  if (!entry) return {};
  PortSet shared;
  for (const auto& range : ranges_of(*entry)) {
    if (!(range.flags & abi::NAT_RANGE_OF_HOST)) continue;
    XVNET_ASSIGN(published, host.published_ports(*ipv4_of(range.address)));
    shared |= ports_of(range) & published;
  }
  if (shared.any())
    findings.push_back({examined.check, Health::kFail,
                        fmt::format("a DNAT rule of the host publishes its ports {}: a VM "
                                    "can receive what is sent to them",
                                    format_ports(shared)),
                        snat_command(examined.request)});
  return {};
}

Result<void> examine_reserved(const Host& host, Tables& tables, const Examined& examined,
                              Findings& findings) {
  XVNET_ASSIGN(entry, tables.nat_networks.find(examined.network.id));
  if (!entry) return {};
  XVNET_ASSIGN(own, ports_on_host(tables, *entry));
  XVNET_ASSIGN(reserved, host.reserved_ports());
  const auto lost = own & ~reserved;
  if (lost.any())
    findings.push_back({examined.check, Health::kFail,
                        fmt::format("its ports {} are not reserved on the host any more "
                                    "(net.ipv4.ip_local_reserved_ports)",
                                    format_ports(lost)),
                        snat_command(examined.request)});
  return {};
}

// Finds the host's end of the network's veth pair, whatever its name.
Result<std::optional<Link>> find_host_end(const Host& host, Tables& tables,
                                          const Examined& examined) {
  XVNET_ASSIGN(ports, host_ports(tables, examined.network.id));
  for (const auto& port : ports) {
    XVNET_ASSIGN(link, host.find_link(port.ifindex));
    if (link) return host.find_link(link->peer);
  }
  return std::nullopt;
}

// Checks that the pair exists, and its host's end. The inner end is examined as a port.
Result<void> examine_host_interface(const Host& host, Tables& tables, const Examined& examined,
                                    Findings& findings) {
  const auto addresses = host_addresses_of(examined.network.record);
  if (addresses.empty()) return {};
  const std::string name = host_interface_name(examined.request.name);
  const auto fails = [&](std::string detail) {
    findings.push_back(
        {examined.check, Health::kFail, std::move(detail), host_address_command(examined.request)});
  };
  XVNET_ASSIGN(link, host.find_link(name));
  if (!link) {
    XVNET_ASSIGN(renamed, find_host_end(host, tables, examined));
    fails(renamed ? fmt::format("its host interface {:?} was renamed to {:?}", name, renamed->name)
                  : fmt::format("its host interface {:?} is gone", name));
    return {};
  }
  if (!link->is_up) fails(fmt::format("its host interface {:?} is down", name));
  if (!link->noise.has_arp)
    fails(fmt::format(
        "ARP was turned off on its host interface {:?}: VMs cannot resolve the host's MAC", name));
  if (link->master) {
    XVNET_ASSIGN(master, host.find_link(link->master));
    findings.push_back(
        {examined.check, Health::kFail,
         fmt::format("its host interface {:?} is a member of {}: the host does not receive "
                     "its frames, and other members do",
                     name,
                     master ? fmt::format("{:?}", master->name) : std::string("a bridge or bond")),
         leave_master_command(*link, master)});
  }
  XVNET_ASSIGN(ports, host_ports(tables, examined.network.id));
  for (const auto& port : ports)
    if (std::memcmp(port.record.mac, link->mac.data(), sizeof port.record.mac) != 0)
      fails(fmt::format("the MAC of its host interface {:?} was changed", name));
  for (const auto& address : addresses) {
    XVNET_ASSIGN(is_there, host.has_address(link->ifindex, address));
    if (!is_there) fails(fmt::format("its host interface {:?} has lost {}", name, address));
  }
  XVNET_ASSIGN(settings, host.unguarded(link->ifindex, kinds_of(addresses)));
  if (!settings.empty())
    fails(fmt::format(
        "its VMs can reach or change more of the host than its addresses in the network: {} "
        "was changed",
        fmt::join(settings, ", ")));
  XVNET_ASSIGN(overruling, host.overruling());
  for (const auto& [setting, value] : overruling)
    findings.push_back({examined.check, Health::kWarn,
                        fmt::format("{} overrides the setting of its host interface {:?}: the host "
                                    "answers its VMs more than it should",
                                    setting, name),
                        fmt::format("sysctl -w {}={}", setting, value)});
  return {};
}

// If the forward can use the host's address, repeating its command reopens it that way.
Result<void> examine_taken(const Host& host, Tables& tables, const ForwardRequest& request,
                           const std::string& holder, Findings& findings) {
  XVNET_ASSIGN(may_follow, may_become_hosts(tables, host, request));
  XVNET_ASSIGN(removal, removal_command(host, request.outside, holder));
  const std::string detail =
      fmt::format("the host now has {}, the address of a forward", format_ipv4(request.outside));
  const std::string advice =
      fmt::format("{}, on {:?}: take it off there, or delete the forward", detail, holder);
  findings.push_back({"network " + request.network, Health::kFail, may_follow ? detail : advice,
                      may_follow ? command_of(request) : removal});
  return {};
}

// The forward has priority over a socket that was bound to its port later.
Result<void> examine_sockets(const Host& host, const ForwardRequest& request, Findings& findings) {
  XVNET_ASSIGN(used, host.ports_in_use(request.protocol == ForwardProtocol::kTcp ? Transport::kTcp
                                                                                 : Transport::kUdp,
                                       request.outside));
  PortSet ports;
  for (std::size_t at = 0; at < request.count; ++at) ports.set(request.outside_port + at);
  ports &= used;
  if (ports.any())
    findings.push_back({"network " + request.network, Health::kWarn,
                        fmt::format("a socket of the host has the forwarded port {}, and gets "
                                    "nothing from outside",
                                    format_ports(ports)),
                        "stop that service or move it to another port, or delete the forward"});
  return {};
}

Result<void> examine_forwards(const Host& host, Tables& tables, Findings& findings) {
  XVNET_ASSIGN(requests, forward_requests(tables));
  std::map<Ipv4, std::string> holders;  // names of the host's devices; empty for none
  XVNET_ASSIGN(reserved, host.reserved_ports());
  for (const auto& request : requests) {
    XVNET_ASSIGN(address, tables.nat_addresses.find(to_abi(request.outside)));
    const bool is_of_host = address && address->flags & abi::NAT_ADDRESS_OF_HOST;
    if (!holders.contains(request.outside)) {
      XVNET_ASSIGN(holder, host.address_holder(to_abi(request.outside)));
      holders[request.outside] = holder;
    }
    const std::string& holder = holders[request.outside];
    if (address && is_of_host && holder.empty())
      findings.push_back(
          {"network " + request.network, Health::kFail,
           fmt::format("the host does not have {}, the address of a forward, any more",
                       format_ipv4(request.outside)),
           command_of(request)});
    if (address && !is_of_host && !holder.empty())
      XVNET_TRY(examine_taken(host, tables, request, holder, findings));
    if (!is_of_host || !request.outside_port) continue;
    XVNET_TRY(examine_sockets(host, request, findings));
    PortSet lost;
    for (std::size_t at = 0; at < request.count; ++at)
      if (!reserved[request.outside_port + at]) lost.set(request.outside_port + at);
    if (lost.any())
      findings.push_back({"network " + request.network, Health::kFail,
                          fmt::format("the forwarded port {} is not reserved on the host any more "
                                      "(net.ipv4.ip_local_reserved_ports)",
                                      format_ports(lost)),
                          command_of(request)});
  }
  return {};
}

}  // namespace

Result<void> examine_networks(const Host& host, Tables& tables, Findings& findings) {
  XVNET_ASSIGN(records, tables.network_records.entries());
  for (const auto& [id, record] : records) {
    const Examined examined{
        {id, record}, network_request(record), "network " + text_of(record.name)};
    XVNET_TRY(examine_uplink_of(tables, examined, findings));
    XVNET_TRY(examine_snat(host, tables, examined, findings));
    XVNET_TRY(examine_pool(host, tables, examined, findings));
    XVNET_TRY(examine_published(host, tables, examined, findings));
    XVNET_TRY(examine_reserved(host, tables, examined, findings));
    XVNET_TRY(examine_restore(host, tables, examined, findings));
    XVNET_TRY(examine_host_interface(host, tables, examined, findings));
  }
  XVNET_TRY(examine_ways_out(host, tables, findings));
  return examine_forwards(host, tables, findings);
}

}  // namespace xvnet
