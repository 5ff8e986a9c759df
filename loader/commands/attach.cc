// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/attach.h"

#include <fmt/format.h>

#include "loader/base/text.h"
#include "loader/commands/network.h"
#include "loader/commands/port.h"
#include "loader/commands/port_change.h"
#include "loader/commands/repair.h"
#include "loader/commands/take_over.h"
#include "loader/model/device.h"
#include "loader/model/host_side.h"
#include "loader/model/port_addresses.h"
#include "loader/model/port_request.h"

namespace xvnet {
namespace {

// The settings of a port that is detached only to be attached again.
struct Previous {
  bool is_known = false;
  bool was_created = false;
  std::uint32_t owner = kNoOwner;
  std::uint32_t queues = 0;
  std::uint32_t mtu = 0;  // requested MTU, 0 for none
};

Previous previous_of(const abi::port_record& record) {
  return {.is_known = true,
          .was_created = (record.device.flags & abi::RECORD_CREATED) != 0,
          .owner = record.device.owner,
          .queues = record.device.queues,
          .mtu = record.device.mtu};
}

bool is_kept(const Link& link) { return link.kind == LinkKind::kTap && link.alias == kKeptAlias; }

// The kernel does not report the requested number of queues. Every number above one creates the
// same TAP.
Previous previous_of_kept(const Link& tap) {
  const std::uint32_t owner = tap.owner.value_or(0) ? *tap.owner : kNoOwner;
  return {.is_known = true,
          .was_created = true,
          .owner = owner,
          .queues = tap.is_multi_queue ? 2u : 0u,
          .mtu = 0};
}

Result<Link> find_or_create(Change& change, const PortRequest& request, Previous& previous,
                            Outcome& outcome) {
  XVNET_ASSIGN(existing, change.host().find_link(request.device));
  if (existing) {
    XVNET_TRY(check_existing_device(*existing, request));
    XVNET_TRY(check_is_not_shared(change.host(), "attach", *existing));
    if (!previous.is_known && !request.force)
      XVNET_TRY(check_is_not_hosts(change.host(), "attach", *existing));
    if (is_kept(*existing)) previous = previous_of_kept(*existing);
    return *existing;
  }
  previous.was_created = true;
  outcome.created_tap = request.device;
  XVNET_ASSIGN(owner, owner_uid(request));
  return change.create_tap(
      {.name = request.device, .owner = owner, .queues = request.queues.value_or(1)});
}

// Removes what prevents a fresh attach: leftovers of an interrupted command, or of a device that is
// gone. Returns false if no record belongs to the device.
Result<bool> clear_leftovers(Change& change, const PortRequest& request, Previous& previous) {
  bool is_known = false;
  XVNET_ASSIGN(records, change.tables().port_records.entries());
  XVNET_ASSIGN(link, change.host().find_link(request.device));
  for (const auto& [ifindex, record] : records) {
    XVNET_ASSIGN(concerns, is_device(change.host(), ifindex, record.device, request.device, link));
    if (!concerns) continue;
    is_known = true;
    if (link && link->ifindex == ifindex) {
      XVNET_ASSIGN(whole, is_whole(change.host(), *link, record.device));
      if (whole) continue;
    }
    XVNET_ASSIGN(presence, presence_of(change.host(), ifindex, record.device));
    if (presence == Presence::kHere) {
      previous = previous_of(record);
      XVNET_TRY(dismantle_port(change, ifindex, record));
    } else {
      // The old port's backstop is removed, so the device goes down first.
      if (link && link->ifindex == ifindex) XVNET_TRY(change.set_up(*link, false));
      XVNET_TRY(remove_port(change, ifindex, record, false));
    }
    XVNET_TRY(remove_network_if_unused(change, record.network));
  }
  return is_known;
}

std::unexpected<Error> gone(const PortRequest& request) {
  return fail(fmt::format("attach {:?}: the device is gone", request.device));
}

// Steps on a device that is gone succeed (change.h), so check at the end that the device still
// exists.
template <typename T>
Result<T> if_still_here(Change& change, const PortRequest& request, std::uint32_t ifindex,
                        Result<T> result) {
  XVNET_ASSIGN(link, change.host().find_link(ifindex));
  return link ? result : gone(request);
}

Result<void> warn_about_mtu(Change& change, const Link& link, std::uint32_t network,
                            Outcome& outcome) {
  XVNET_ASSIGN(entry, change.tables().networks.find(network));
  if (!entry || !entry->uplink) return {};
  XVNET_ASSIGN(uplink, change.host().find_link(entry->uplink));
  if (uplink && uplink->mtu < link.mtu)
    outcome.warnings.push_back(fmt::format(
        "{:?}: its MTU of {} is larger than the {} of {:?}: full-sized frames cannot leave the "
        "host; set `ip link set {} mtu {}`, or give the guest an MTU of {}",
        link.name, link.mtu, uplink->mtu, uplink->name, uplink->name, link.mtu, uplink->mtu));
  return {};
}

Result<std::optional<Outcome>> reconcile(Change& change, const PortEntry& port,
                                         const PortRequest& request) {
  XVNET_ASSIGN(link, change.host().find_link(port.ifindex));
  if (!link) return gone(request);
  XVNET_ASSIGN(differences, differences_from(change.tables(), port.record, *link, request));
  if (differences.empty()) {
    XVNET_TRY(repair_port(change, port, *link));
    if (is_kept(*link)) XVNET_TRY(change.set_alias(*link, ""));
    // The programs may have erased the entry while the port had no carrier.
    if (link->has_carrier) XVNET_TRY(add_static_mac(change, port.ifindex, port.record));
    return Outcome{.changed = change.did_anything(), .warnings = {}, .created_tap = {}};
  }
  if (!request.replace)
    return fail(fmt::format("attach {:?}: it is attached with other settings: {}", request.device,
                            differences.front().text),
                "change it with ‹replace›, or detach it first");
  if (is_in_place(differences)) {
    XVNET_ASSIGN(outcome, change_port(change, port, *link, request));
    XVNET_ASSIGN(resized, change.host().find_link(port.ifindex));
    if (resized) XVNET_TRY(warn_about_mtu(change, *resized, port.record.network, outcome));
    return std::move(outcome);
  }
  XVNET_TRY(dismantle_port(change, port.ifindex, port.record));
  XVNET_TRY(remove_network_if_unused(change, port.record.network));
  return std::nullopt;
}

// The device must not be an uplink or an end of a host interface.
Result<void> check_is_free(Change& change, const PortRequest& request) {
  auto& tables = change.tables();
  XVNET_TRY(check_is_no_host_interface(change, "attach", request.device));
  XVNET_ASSIGN(link, change.host().find_link(request.device));
  if (!link) return {};
  XVNET_ASSIGN(uplink, tables.uplink_records.find(link->ifindex));
  if (!uplink) return {};
  XVNET_ASSIGN(presence, presence_of(change.host(), link->ifindex, uplink->device));
  return presence == Presence::kHere
             ? fail(fmt::format("attach {:?}: it is an uplink", request.device))
             : Result<void>{};
}

Result<Outcome> attach_device(Change& change, const PortRequest& request, const Previous& previous,
                              Link link, Outcome outcome) {
  XVNET_ASSIGN(choice, choose_mode(change.host(), link,
                                   {.role = Role::kPort,
                                    .asked = request.mode,
                                    .guest_offloads = request.guest_offloads,
                                    .share_xdp = false}));
  XVNET_ASSIGN(network, network_for_port(change, request));
  auto record = make_port_record(link, choice, network.id, request);
  XVNET_ASSIGN(taken, take_over(change, network.id, request));
  XVNET_ASSIGN(ips, choose_addresses(change, network, request));
  XVNET_TRY(check_allowed(change, network, request));
  record = with_allowed(with_addresses(record, ips), request.allowed);
  if (previous.was_created) record.device.flags |= abi::RECORD_CREATED;
  if (request.owner.empty()) record.device.owner = previous.owner;
  if (!request.queues) record.device.queues = previous.queues;
  if (!request.mtu) record.device.mtu = previous.mtu;
  XVNET_TRY(bring_in(change, link, record, choice));
  link.mtu = mtu_of(record.device, link);
  if (is_kept(link)) XVNET_TRY(change.set_alias(link, ""));
  outcome.changed = true;
  outcome.warnings = choice.warnings;
  outcome.warnings.insert(outcome.warnings.end(), taken.begin(), taken.end());
  XVNET_TRY(warn_about_mtu(change, link, network.id, outcome));
  return outcome;
}

Result<Outcome> attach_fresh(Change& change, const PortRequest& request, Previous previous) {
  Outcome outcome;
  XVNET_ASSIGN(link, find_or_create(change, request, previous, outcome));
  return if_still_here(change, request, link.ifindex,
                       attach_device(change, request, previous, link, std::move(outcome)));
}

// Finds a port by the current name of its device, or by the recorded name if the device is gone.
Result<std::optional<PortEntry>> find_port(Change& change, std::string_view device) {
  auto& records = change.tables().port_records;
  XVNET_ASSIGN(link, change.host().find_link(device));
  if (link) {
    XVNET_ASSIGN(record, records.find(link->ifindex));
    if (record) return PortEntry{link->ifindex, *record};
  }
  XVNET_ASSIGN(entries, records.entries());
  for (const auto& [ifindex, record] : entries) {
    if (text_of(record.device.name) != device) continue;
    XVNET_ASSIGN(presence, presence_of(change.host(), ifindex, record.device));
    if (presence != Presence::kHere) return PortEntry{ifindex, record};
  }
  return std::nullopt;
}

}  // namespace

Result<Outcome> attach_port(Change& change, const PortRequest& request) {
  XVNET_TRY(check_request(request));
  XVNET_TRY(owner_uid(request));
  XVNET_TRY(check_is_free(change, request));
  Previous previous;
  XVNET_ASSIGN(is_known, clear_leftovers(change, request, previous));
  if (!is_known) return attach_fresh(change, request, previous);
  XVNET_ASSIGN(port, find_port(change, request.device));
  if (port && port->record.device.state == abi::RECORD_COMPLETE) {
    previous = previous_of(port->record);
    XVNET_ASSIGN(outcome,
                 if_still_here(change, request, port->ifindex, reconcile(change, *port, request)));
    if (outcome) return *outcome;
  }
  return attach_fresh(change, request, previous);
}

Result<Outcome> detach_port(Change& change, std::string_view device, bool delete_device) {
  XVNET_TRY(check_device_name("detach", device));
  XVNET_ASSIGN(port, find_port(change, device));
  if (!port) {
    XVNET_ASSIGN(link, change.host().find_link(device));
    return fail(fmt::format("detach {:?}: {}", device,
                            link ? "it is not attached" : "no device or port has this name"));
  }
  if (port->record.device.flags & abi::RECORD_HOST_SIDE)
    return fail(fmt::format("detach {:?}: it is the host interface of a network", device),
                "delete the network instead");
  if (delete_device && port->record.device.kind != abi::DEVICE_TAP &&
      !(port->record.device.flags & abi::RECORD_CREATED))
    return fail(fmt::format("detach {:?}: ‹delete› is only for TAPs", device),
                "detach it, then delete it: ip link del NAME");
  XVNET_TRY(remove_port(change, port->ifindex, port->record, delete_device));
  XVNET_TRY(remove_network_if_unused(change, port->record.network));
  return Outcome{.changed = true, .warnings = {}, .created_tap = {}};
}

}  // namespace xvnet
