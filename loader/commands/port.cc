// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/port.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "loader/base/interface.h"
#include "loader/base/text.h"
#include "loader/model/binding.h"
#include "loader/model/device.h"
#include "loader/model/lease.h"
#include "loader/model/port_addresses.h"
#include "loader/model/port_request.h"
#include "loader/nat/state.h"

namespace xvnet {
namespace {

abi::fdb_key static_key(std::uint32_t network, const std::uint8_t (&mac)[6]) {
  abi::fdb_key key{.network = network, .mac = {}, .pad = 0};
  std::memcpy(key.mac, mac, sizeof key.mac);
  return key;
}

bool has_mac(const abi::port_record& record) {
  static constexpr std::uint8_t kNone[6] = {};
  return std::memcmp(record.mac, kNone, sizeof kNone) != 0;
}

// Adds the port to, or removes it from, the network's flood list.
Result<void> add_member(Change& change, std::uint32_t network, std::uint32_t ifindex) {
  auto& members = change.tables().members;
  XVNET_ASSIGN(found, members.find(network));
  abi::members list = found.value_or(abi::members{});
  const auto* end = list.ifindex + list.count;
  if (std::find<const std::uint32_t*>(list.ifindex, end, ifindex) != end) return {};
  if (list.count == MAX_MEMBERS)
    return fail(fmt::format("attach: the network has {} ports, which is the maximum", MAX_MEMBERS));
  list.ifindex[list.count++] = ifindex;
  return change.put(members, network, list);
}

Result<void> remove_member(Change& change, std::uint32_t network, std::uint32_t ifindex) {
  auto& members = change.tables().members;
  XVNET_ASSIGN(found, members.find(network));
  if (!found) return {};
  abi::members list = *found;
  auto* end = list.ifindex + list.count;
  auto* at = std::find(list.ifindex, end, ifindex);
  if (at == end) return {};
  *std::move(at + 1, end, at) = 0;
  list.count--;
  return list.count ? change.put(members, network, list) : change.erase(members, network);
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

}  // namespace

Result<void> add_static_mac(Change& change, std::uint32_t ifindex, const abi::port_record& record) {
  if (!has_mac(record)) return {};
  auto& fdb = change.tables().fdb;
  const auto key = static_key(record.network, record.mac);
  XVNET_ASSIGN(entry, fdb.find(key));
  if (entry && entry->slot >= abi::FDB_SLOT_HOST && entry->ifindex != ifindex)
    return fail(fmt::format("attach {:?}: another port of the network has this MAC",
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
  XVNET_TRY(prepare_device(change, link, record.device));
  XVNET_TRY(change.set_backstop(link.ifindex, true));
  if (translated) XVNET_TRY(change.set_forwarding(link, true));
  XVNET_TRY(wire_port(change, link, record, choice));
  XVNET_TRY(change.set_up(link, true));
  record.device.state = abi::RECORD_COMPLETE;
  return change.put(records, link.ifindex, record);
}

Result<void> attach_host_port(Change& change, const Link& link, const Network& network,
                              const Mac& host) {
  PortRequest request{};
  request.device = link.name;
  request.mac = host;
  XVNET_ASSIGN(choice, choose_mode(change.host(), link, ModeQuestion{}));
  auto record = make_port_record(link, choice, network.id, request);
  record.device.flags |= abi::RECORD_CREATED | abi::RECORD_HOST_SIDE;
  return bring_in(change, link, record, choice);
}

Result<void> dismantle_port(Change& change, std::uint32_t ifindex, const abi::port_record& record) {
  auto& tables = change.tables();
  XVNET_ASSIGN(presence, presence_of(change.host(), ifindex, record.device));
  XVNET_ASSIGN(link, change.host().find_link(ifindex));
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
  XVNET_ASSIGN(presence, presence_of(change.host(), ifindex, record.device));
  XVNET_TRY(dismantle_port(change, ifindex, record));
  if (presence != Presence::kHere || !delete_device) return change.erase(records, ifindex);
  change.delete_on_commit(ifindex);
  change.erase_on_commit(records, ifindex);
  return {};
}

}  // namespace xvnet
