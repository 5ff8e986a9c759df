// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/down.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "loader/base/text.h"
#include "loader/commands/attempt.h"
#include "loader/commands/network.h"
#include "loader/commands/port.h"
#include "loader/commands/uplink.h"
#include "loader/model/command_line.h"
#include "loader/model/device.h"
#include "loader/model/host_side.h"

namespace xvnet {
namespace {

// The tables that say which of the host's reserved ports are xvnet's.
constexpr std::array<std::string_view, 6> kOfReservedPorts = {"port_records",    "uplink_records",
                                                              "network_records", "nat_networks",
                                                              "nat_addresses",   "forwards"};

// Whether the link is the inner end of a host interface. xvnet creates veth pairs with no other
// names.
bool is_host_pair(const Link& link) {
  return link.kind == LinkKind::kVeth && link.name.starts_with(host_port_name(""));
}

// Keeps lo up. accept_local is turned off, because only forwards need it.
Result<Outcome> remove_from_loopback(Change& change, const Link& link) {
  XVNET_TRY(change.detach(Program::kTcToForward, link.ifindex, Hook::kTcEgress, false));
  XVNET_TRY(change.set_accept_local(link, false));
  return Outcome{};
}

Result<Outcome> remove_from_uplink(Change& change, const Link& link) {
  XVNET_TRY(detach_programs(change, link.ifindex, kUplinkPrograms, {}));
  return Outcome{
      .changed = true,
      .warnings = {fmt::format(
          "{:?}: it is not an uplink any more; whether promiscuous mode and its offloads were "
          "on before is not known: ip link set dev {} promisc off",
          link.name, quoted_for_shell(link.name))}};
}

Result<Outcome> remove_from_port(Change& change, const Link& link) {
  XVNET_TRY(change.set_up(link, false));
  XVNET_TRY(detach_programs(change, link.ifindex, kPortPrograms, {}));
  Noise noise;  // the kernel's defaults
  if (!link.noise.has_ipv6) noise.has_ipv6.reset();
  XVNET_TRY(change.set_noise(link, noise));
  XVNET_TRY(change.set_backstop(link.ifindex, false));
  if (is_host_pair(link)) {
    change.delete_on_commit(link.ifindex);
    return Outcome{.changed = true, .warnings = {}};
  }
  return Outcome{.changed = true,
                 .warnings = {fmt::format(
                     "{:?}: it is not a port any more, and down; whether xvnet created it is not "
                     "known: `ip link del {}` deletes it",
                     link.name, quoted_for_shell(link.name))}};
}

std::vector<std::string> losses_of(const std::vector<std::string>& missing) {
  std::vector<std::string> losses = {
      fmt::format("pins of tables were missing: {}; `«restore»` restores what was saved",
                  fmt::join(missing, ", "))};
  if (std::ranges::find_first_of(missing, kOfReservedPorts) != missing.end())
    losses.emplace_back(
        "net.ipv4.ip_local_reserved_ports may contain ports that are not in use any more");
  return losses;
}

}  // namespace

Result<Outcome> dismantle_all(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(ports, tables.port_records.entries());
  for (const auto& [ifindex, record] : ports)
    XVNET_TRY(remove_port(change, ifindex, record, record.device.flags & abi::RECORD_CREATED));
  XVNET_ASSIGN(networks, tables.network_records.entries());
  for (const auto& [id, record] : networks) XVNET_TRY(destroy_network(change, Network{id, record}));
  XVNET_ASSIGN(uplinks, tables.uplink_records.entries());
  for (const auto& [ifindex, record] : uplinks)
    XVNET_TRY(dismantle_uplink(change, ifindex, record));
  return Outcome{.changed = true, .warnings = {}, .created_tap = {}};
}

Outcome dismantle_remains(Host& host, Tables& tables, const std::vector<std::string>& missing) {
  Outcome outcome{.changed = true, .warnings = losses_of(missing)};
  auto done = attempt(host, tables, dismantle_all);
  if (done)
    std::ranges::move(done->warnings, std::back_inserter(outcome.warnings));
  else
    outcome.warnings.push_back(done.error().message);
  return outcome;
}

// Since Linux 6.16 an nftables chain outlives its device and a rename.
Result<Outcome> remove_remnant(Change& change, const Remnant& remnant) {
  XVNET_ASSIGN(link, change.host().find_link(remnant.ifindex));
  const bool is_it = link && (remnant.name.empty() || remnant.name == link->name);
  if (!is_it) {
    XVNET_TRY(change.set_backstop(remnant.ifindex, false));
    Outcome outcome{.changed = true, .warnings = {}};
    if (link)
      outcome.warnings.push_back(
          fmt::format("{:?}: a port that was called {:?} had its ifindex; if it was renamed, set "
                      "it down: ip link set dev {} down",
                      link->name, remnant.name, quoted_for_shell(link->name)));
    return outcome;
  }
  if (remnant.program == Program::kTcToForward) return remove_from_loopback(change, *link);
  if (remnant.program == Program::kTcFromUplink) return remove_from_uplink(change, *link);
  return remove_from_port(change, *link);
}

Result<std::vector<std::string>> reserved_by_nobody(const Host& host) {
  XVNET_ASSIGN(reserved, host.reserved_ports());
  if (reserved.none()) return std::vector<std::string>{};
  return std::vector{fmt::format(
      "net.ipv4.ip_local_reserved_ports reserves {}; if nothing else needs them: sysctl -w "
      "net.ipv4.ip_local_reserved_ports=''",
      format_ports(reserved))};
}

}  // namespace xvnet
