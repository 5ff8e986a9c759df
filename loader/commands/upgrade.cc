// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/upgrade.h"

#include <fmt/format.h>

#include "loader/base/interface.h"
#include "loader/base/text.h"
#include "loader/commands/attempt.h"
#include "loader/commands/network.h"
#include "loader/model/device.h"
#include "loader/model/host_address.h"
#include "loader/model/records.h"
#include "loader/nat/loopback.h"
#include "loader/nat/state.h"

namespace xvnet {
namespace {

struct Plan {
  std::vector<Placement> placements;
  std::vector<std::string> warnings;
};

// Orphaned attachments stay, because their ifindex may belong to another device now. Attachments
// without a pin are still active and are moved.
Result<void> add(Plan& plan, const Host& host, const Placement& placement,
                 const abi::device_record& record) {
  XVNET_ASSIGN(state, host.attachment(placement.ifindex, placement.hook));
  if (runs(state)) plan.placements.push_back(placement);
  if (placement.hook != Hook::kTcIngress) return {};
  if (state == Attachment::kOrphaned)
    plan.warnings.push_back(fmt::format("{:?}: it is not upgraded, because its programs are gone",
                                        text_of(record.name)));
  if (state == Attachment::kUnfiltered)
    plan.warnings.push_back(
        fmt::format("{:?}: it is not upgraded, because its program is gone; `«doctor»` says "
                    "how to repair it",
                    text_of(record.name)));
  return {};
}

Result<void> add_device(Plan& plan, const Host& host, std::uint32_t ifindex,
                        const ProgramSet& programs, const abi::device_record& record) {
  const bool share = record.flags & abi::RECORD_SHARED_XDP;
  XVNET_TRY(add(plan, host, {programs.ingress, ifindex, Hook::kTcIngress, false}, record));
  if (programs.egress)
    XVNET_TRY(add(plan, host, {*programs.egress, ifindex, Hook::kTcEgress, false}, record));
  return add(plan, host, {programs.xdp, ifindex, Hook::kXdp, share}, record);
}

Result<Plan> make_plan(const Host& host, Tables& tables) {
  Plan plan;
  XVNET_ASSIGN(ports, tables.port_records.entries());
  for (const auto& [ifindex, record] : ports)
    XVNET_TRY(add_device(plan, host, ifindex, kPortPrograms, record.device));
  XVNET_ASSIGN(uplinks, tables.uplink_records.entries());
  for (const auto& [ifindex, record] : uplinks)
    XVNET_TRY(add_device(plan, host, ifindex, kUplinkPrograms, record.device));
  XVNET_ASSIGN(loopback, loopback_placements(tables));
  std::ranges::move(loopback, std::back_inserter(plan.placements));
  return plan;
}

Result<void> revert(Host& host, std::span<const Placement> moved, Result<void> failure) {
  if (auto undone = host.revert_upgrade(moved); !undone)
    failure.error().message += "; could not undo a step: " + undone.error().message;
  return failure;
}

Result<void> load_tail_calls(Host& host, Tables& tables) {
  XVNET_ASSIGN(is_needed, needs_tail_calls(tables));
  if (!is_needed) return {};
  auto done = host.load_tail_calls();
  return done ? done : revert(host, {}, std::move(done));
}

Result<void> move_all(Host& host, const Plan& plan) {
  for (std::size_t at = 0; at < plan.placements.size(); at++) {
    const auto& [program, ifindex, hook, share_xdp] = plan.placements[at];
    auto done = host.attach(program, ifindex, hook, share_xdp);
    if (done) continue;
    // A device that vanished meanwhile has nothing to upgrade.
    XVNET_ASSIGN(link, host.find_link(ifindex));
    if (!link) continue;
    // The failed attachment may have changed too.
    return revert(host, std::span(plan.placements).first(at + 1), std::move(done));
  }
  return {};
}

// A previous version may have had no backstops, and no separate flag for ports of host interfaces.
Result<Outcome> guard_ports(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(ports, tables.port_records.entries());
  for (const auto& [ifindex, port] : ports) {
    XVNET_ASSIGN(presence, presence_of(change.host(), ifindex, port.device));
    XVNET_ASSIGN(link, change.host().find_link(ifindex));
    if (presence == Presence::kHere && link) XVNET_TRY(change.set_backstop(ifindex, true));
    if (!(port.device.flags & abi::RECORD_HOST_SIDE)) continue;
    XVNET_ASSIGN(network, tables.network_records.find(port.network));
    if (network) XVNET_TRY(set_host_routes(change, port.network, host_addresses_of(*network)));
    XVNET_ASSIGN(entry, tables.interfaces.find(ifindex));
    if (!entry) continue;
    entry->flags |= abi::INTERFACE_TO_HOST;
    XVNET_TRY(put_interface(change, ifindex, *entry));
  }
  return Outcome{};
}

}  // namespace

Result<Outcome> upgrade(Host& host, Tables& tables) {
  XVNET_ASSIGN(plan, make_plan(host, tables));
  XVNET_TRY(load_tail_calls(host, tables));
  XVNET_TRY(make_missing_state(tables));
  XVNET_TRY(fill_caches(tables));
  XVNET_TRY(attempt(host, tables, guard_ports));
  XVNET_TRY(move_all(host, plan));
  XVNET_ASSIGN(changed, host.commit_upgrade());
  return Outcome{.changed = changed, .warnings = std::move(plan.warnings), .created_tap = {}};
}

}  // namespace xvnet
