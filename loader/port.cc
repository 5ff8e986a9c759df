// SPDX-License-Identifier: BSD-2-Clause
#include "loader/port.h"

#include <fmt/format.h>

#include "loader/binding.h"
#include "loader/device.h"
#include "loader/host_interface.h"
#include "loader/interface.h"
#include "loader/lease.h"
#include "loader/nat.h"
#include "loader/nat_state.h"
#include "loader/port_addresses.h"
#include "loader/port_change.h"
#include "loader/port_request.h"
#include "loader/repair.h"
#include "loader/take_over.h"
#include "loader/text.h"

namespace xvnet {
namespace {

// The settings of a port that is detached only to be attached again.
struct Former {
  bool is_known = false;
  bool was_created = false;
  std::uint32_t owner = kNoOwner;
  std::uint32_t queues = 0;
  std::uint32_t mtu = 0;  // requested MTU, 0 for none
};

abi::fdb_key static_key(std::uint32_t network, const std::uint8_t (&mac)[6]) {
  abi::fdb_key key{.network = network, .mac = {}, .pad = 0};
  std::memcpy(key.mac, mac, sizeof key.mac);
  return key;
}

bool has_mac(const abi::port_record& record) {
  static constexpr std::uint8_t kNone[6] = {};
  return std::memcmp(record.mac, kNone, sizeof kNone) != 0;
}

// Sets up programs and tables, then the entries that let frames pass. The link settings of the
// device are the caller's task.
Result<void> wire_port(Change& change, const Link& link, const abi::port_record& record,
                       const ModeChoice& choice) {
  auto& tables = change.tables();
  const std::uint32_t ifindex = link.ifindex;
  XVNET_TRY(change.put(tables.stats, ifindex, abi::stats{}));
  XVNET_TRY(change.put_device(ifindex));
  XVNET_TRY(add_learner(change, record.network, ifindex, record.max_macs));
  XVNET_TRY(turn_off_features(change, ifindex, choice));
  XVNET_TRY(attach_programs(change, ifindex, kPortPrograms, record.device));
  XVNET_TRY(add_static_mac(change, ifindex, record));
  XVNET_TRY(hold_addresses(change, ifindex, record));
  XVNET_TRY(provide_lease(change, ifindex, record, mtu_of(record.device, link)));
  const abi::interface entry{record.network, abi::INTERFACE_PORT,
                             interface_flags(choice, record.device)};
  XVNET_TRY(put_interface(change, ifindex, entry));
  return add_member(change, record.network, ifindex);
}

Result<void> bring_in(Change& change, const Link& link, abi::port_record record,
                      const ModeChoice& choice) {
  auto& records = change.tables().port_records;
  XVNET_TRY(check_fdb_budget(change.tables(), record.max_macs + 1));
  XVNET_ASSIGN(translated, is_translated(change.tables(), record.network));
  record.device.restore |= restore_flags(choice);
  remember_device(record.device, link);
  if (translated && !link.forwards) record.device.restore |= abi::RESTORE_FORWARDING;
  XVNET_TRY(change.set_up(link, false));
  XVNET_TRY(change.put(records, link.ifindex, record));
  XVNET_TRY(settle_device(change, link, record.device));
  XVNET_TRY(change.set_backstop(link.ifindex, true));
  if (translated) XVNET_TRY(change.set_forwarding(link, true));
  XVNET_TRY(wire_port(change, link, record, choice));
  XVNET_TRY(change.set_up(link, true));
  record.device.state = abi::RECORD_COMPLETE;
  return change.put(records, link.ifindex, record);
}

Former former_of(const abi::port_record& record) {
  return {.is_known = true,
          .was_created = (record.device.flags & abi::RECORD_CREATED) != 0,
          .owner = record.device.owner,
          .queues = record.device.queues,
          .mtu = record.device.mtu};
}

bool is_kept(const Link& link) { return link.kind == LinkKind::kTap && link.alias == kKeptAlias; }

// The kernel does not report the requested number of queues. Every number above one creates the
// same TAP.
Former former_of_kept(const Link& tap) {
  const std::uint32_t owner = tap.owner.value_or(0) ? *tap.owner : kNoOwner;
  return {.is_known = true,
          .was_created = true,
          .owner = owner,
          .queues = tap.is_multi_queue ? 2u : 0u,
          .mtu = 0};
}

Result<Link> find_or_create(Change& change, const PortRequest& request, Former& former,
                            Outcome& outcome) {
  XVNET_ASSIGN(existing, change.kernel().find_link(request.device));
  if (existing) {
    XVNET_TRY(check_existing_device(*existing, request));
    XVNET_TRY(check_is_not_shared(change.kernel(), "attach", *existing));
    if (!former.is_known && !request.force)
      XVNET_TRY(check_is_not_hosts(change.kernel(), "attach", *existing));
    if (is_kept(*existing)) former = former_of_kept(*existing);
    return *existing;
  }
  former.was_created = true;
  outcome.created_tap = request.device;
  XVNET_ASSIGN(owner, owner_uid(request));
  return change.create_tap(
      {.name = request.device, .owner = owner, .queues = request.queues.value_or(1)});
}

// Removes what prevents a fresh attach: leftovers of an interrupted command, or of a device that is
// gone. Returns false if no record belongs to the device.
Result<bool> clear_leftovers(Change& change, const PortRequest& request, Former& former) {
  bool is_known = false;
  XVNET_ASSIGN(records, change.tables().port_records.entries());
  XVNET_ASSIGN(link, change.kernel().find_link(request.device));
  for (const auto& [ifindex, record] : records) {
    XVNET_ASSIGN(concerns,
                 is_device(change.kernel(), ifindex, record.device, request.device, link));
    if (!concerns) continue;
    is_known = true;
    if (link && link->ifindex == ifindex) {
      XVNET_ASSIGN(whole, is_whole(change.kernel(), *link, record.device));
      if (whole) continue;
    }
    XVNET_ASSIGN(presence, presence_of(change.kernel(), ifindex, record.device));
    if (presence == Presence::kHere) {
      former = former_of(record);
      XVNET_TRY(take_port_apart(change, ifindex, record));
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
  XVNET_ASSIGN(link, change.kernel().find_link(ifindex));
  return link ? result : gone(request);
}

Result<void> warn_about_mtu(Change& change, const Link& link, std::uint32_t network,
                            Outcome& outcome) {
  XVNET_ASSIGN(entry, change.tables().networks.find(network));
  if (!entry || !entry->uplink) return {};
  XVNET_ASSIGN(uplink, change.kernel().find_link(entry->uplink));
  if (uplink && uplink->mtu < link.mtu)
    outcome.warnings.push_back(fmt::format(
        "{}: its MTU of {} is larger than {}'s {}: full-sized frames will not leave the "
        "host; set `ip link set {} mtu {}`, or give the guest an MTU of {}",
        link.name, link.mtu, uplink->name, uplink->mtu, uplink->name, link.mtu, uplink->mtu));
  return {};
}

Result<std::optional<Outcome>> reconcile(Change& change, const PortEntry& port,
                                         const PortRequest& request) {
  XVNET_ASSIGN(link, change.kernel().find_link(port.ifindex));
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
    return fail(fmt::format("attach {:?}: it is attached differently: {}", request.device,
                            differences.front().text),
                fmt::format("change it with {}, or detach it first", field_name("replace")));
  if (is_in_place(differences)) {
    XVNET_ASSIGN(outcome, change_port(change, port, *link, request));
    XVNET_ASSIGN(resized, change.kernel().find_link(port.ifindex));
    if (resized) XVNET_TRY(warn_about_mtu(change, *resized, port.record.network, outcome));
    return std::move(outcome);
  }
  XVNET_TRY(take_port_apart(change, port.ifindex, port.record));
  XVNET_TRY(remove_network_if_unused(change, port.record.network));
  return std::nullopt;
}

// The device must not be an uplink or an end of a host interface.
Result<void> check_is_free(Change& change, const PortRequest& request) {
  auto& tables = change.tables();
  XVNET_TRY(check_is_no_host_interface(change, "attach", request.device));
  XVNET_ASSIGN(link, change.kernel().find_link(request.device));
  if (!link) return {};
  XVNET_ASSIGN(uplink, tables.uplink_records.find(link->ifindex));
  if (!uplink) return {};
  XVNET_ASSIGN(presence, presence_of(change.kernel(), link->ifindex, uplink->device));
  return presence == Presence::kHere
             ? fail(fmt::format("attach {:?}: it is an uplink", request.device))
             : Result<void>{};
}

Result<Outcome> attach_device(Change& change, const PortRequest& request, const Former& former,
                              Link link, Outcome outcome) {
  XVNET_ASSIGN(choice, choose_mode(change.kernel(), link,
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
  if (former.was_created) record.device.flags |= abi::RECORD_CREATED;
  if (request.owner.empty()) record.device.owner = former.owner;
  if (!request.queues) record.device.queues = former.queues;
  if (!request.mtu) record.device.mtu = former.mtu;
  XVNET_TRY(bring_in(change, link, record, choice));
  link.mtu = mtu_of(record.device, link);
  if (is_kept(link)) XVNET_TRY(change.set_alias(link, ""));
  outcome.changed = true;
  outcome.warnings = choice.warnings;
  outcome.warnings.insert(outcome.warnings.end(), taken.begin(), taken.end());
  XVNET_TRY(warn_about_mtu(change, link, network.id, outcome));
  return outcome;
}

Result<Outcome> attach_fresh(Change& change, const PortRequest& request, Former former) {
  Outcome outcome;
  XVNET_ASSIGN(link, find_or_create(change, request, former, outcome));
  return if_still_here(change, request, link.ifindex,
                       attach_device(change, request, former, link, std::move(outcome)));
}

}  // namespace

Result<void> add_static_mac(Change& change, std::uint32_t ifindex, const abi::port_record& record) {
  if (!has_mac(record)) return {};
  auto& fdb = change.tables().fdb;
  const auto key = static_key(record.network, record.mac);
  XVNET_ASSIGN(entry, fdb.find(key));
  if (entry && entry->slot >= abi::FDB_SLOT_HOST && entry->ifindex != ifindex)
    return fail(fmt::format("attach {:?}: the MAC is configured on another port of the network",
                            text_of(record.device.name)));
  return change.put(fdb, key, abi::fdb_entry{ifindex, abi::FDB_SLOT_STATIC, 0});
}

Result<void> remove_static_mac(Change& change, std::uint32_t ifindex,
                               const abi::port_record& record) {
  if (!has_mac(record)) return {};
  auto& fdb = change.tables().fdb;
  const auto key = static_key(record.network, record.mac);
  XVNET_ASSIGN(entry, fdb.find(key));
  return entry && entry->ifindex == ifindex ? change.erase(fdb, key) : Result<void>{};
}

Result<std::optional<PortEntry>> find_port(Change& change, std::string_view device) {
  auto& records = change.tables().port_records;
  XVNET_ASSIGN(link, change.kernel().find_link(device));
  if (link) {
    XVNET_ASSIGN(record, records.find(link->ifindex));
    if (record) return PortEntry{link->ifindex, *record};
  }
  XVNET_ASSIGN(entries, records.entries());
  for (const auto& [ifindex, record] : entries) {
    if (text_of(record.device.name) != device) continue;
    XVNET_ASSIGN(presence, presence_of(change.kernel(), ifindex, record.device));
    if (presence != Presence::kHere) return PortEntry{ifindex, record};
  }
  return std::nullopt;
}

Result<Outcome> attach_port(Change& change, const PortRequest& request) {
  XVNET_TRY(check_request(request));
  XVNET_TRY(owner_uid(request));
  XVNET_TRY(check_is_free(change, request));
  Former former;
  XVNET_ASSIGN(is_known, clear_leftovers(change, request, former));
  if (!is_known) return attach_fresh(change, request, former);
  XVNET_ASSIGN(port, find_port(change, request.device));
  if (port && port->record.device.state == abi::RECORD_COMPLETE) {
    former = former_of(port->record);
    XVNET_ASSIGN(outcome,
                 if_still_here(change, request, port->ifindex, reconcile(change, *port, request)));
    if (outcome) return *outcome;
  }
  return attach_fresh(change, request, former);
}

Result<void> attach_host_port(Change& change, const Link& link, const Network& network,
                              const Mac& host) {
  PortRequest request{};
  request.device = link.name;
  request.mac = host;
  XVNET_ASSIGN(choice, choose_mode(change.kernel(), link, ModeQuestion{}));
  auto record = make_port_record(link, choice, network.id, request);
  record.device.flags |= abi::RECORD_CREATED | abi::RECORD_HOST_SIDE;
  return bring_in(change, link, record, choice);
}

Result<void> take_port_apart(Change& change, std::uint32_t ifindex,
                             const abi::port_record& record) {
  auto& tables = change.tables();
  XVNET_ASSIGN(presence, presence_of(change.kernel(), ifindex, record.device));
  XVNET_ASSIGN(link, change.kernel().find_link(ifindex));
  const bool is_here = presence == Presence::kHere && link;
  if (is_here) XVNET_TRY(change.set_up(*link, false));
  auto leaving = record;
  leaving.device.state = abi::RECORD_INCOMPLETE;
  XVNET_TRY(change.put(tables.port_records, ifindex, leaving));
  XVNET_TRY(remove_member(change, record.network, ifindex));
  XVNET_TRY(erase_interface(change, ifindex));
  XVNET_TRY(remove_static_mac(change, ifindex, record));
  XVNET_TRY(withdraw_lease(change, ifindex));
  XVNET_TRY(end_mappings(change, record.network, ifindex));
  XVNET_TRY(release_addresses(change, ifindex, record));
  XVNET_TRY(remove_learner(change, record.network, ifindex));
  XVNET_TRY(detach_programs(change, ifindex, kPortPrograms, record.device));
  if (is_here) XVNET_TRY(restore_features(change, ifindex, record.device));
  if (is_here && record.device.restore & abi::RESTORE_FORWARDING)
    XVNET_TRY(change.set_forwarding(*link, false));
  if (is_here) XVNET_TRY(restore_device(change, *link, record.device));
  XVNET_TRY(change.set_backstop(ifindex, false));
  XVNET_TRY(change.erase_device(ifindex));
  XVNET_TRY(change.erase(tables.stats, ifindex));
  leaving.network = 0;
  return change.put(tables.port_records, ifindex, leaving);
}

Result<void> remove_port(Change& change, std::uint32_t ifindex, const abi::port_record& record,
                         bool delete_device) {
  auto& records = change.tables().port_records;
  XVNET_ASSIGN(presence, presence_of(change.kernel(), ifindex, record.device));
  XVNET_TRY(take_port_apart(change, ifindex, record));
  if (presence != Presence::kHere || !delete_device) return change.erase(records, ifindex);
  change.delete_on_commit(ifindex);
  change.erase_on_commit(records, ifindex);
  return {};
}

Result<Outcome> detach_port(Change& change, std::string_view device, bool delete_device) {
  XVNET_TRY(check_device_name("detach", device));
  XVNET_ASSIGN(port, find_port(change, device));
  if (!port) {
    XVNET_ASSIGN(link, change.kernel().find_link(device));
    return fail(fmt::format("detach {:?}: {}", device,
                            link ? "it is not attached" : "there is no such device or port"));
  }
  if (port->record.device.flags & abi::RECORD_HOST_SIDE)
    return fail(fmt::format("detach {:?}: it is the host interface of a network", device),
                "delete the network instead");
  if (delete_device && port->record.device.kind != abi::DEVICE_TAP &&
      !(port->record.device.flags & abi::RECORD_CREATED))
    return fail(fmt::format("detach {:?}: only TAPs are deleted", device),
                "detach it, then delete it with ip(8)");
  XVNET_TRY(remove_port(change, port->ifindex, port->record, delete_device));
  XVNET_TRY(remove_network_if_unused(change, port->record.network));
  return Outcome{.changed = true, .warnings = {}, .created_tap = {}};
}

}  // namespace xvnet
