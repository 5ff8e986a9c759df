// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/repair.h"

#include <map>

#include "loader/base/interface.h"
#include "loader/base/text.h"
#include "loader/model/binding.h"
#include "loader/model/device.h"
#include "loader/model/lease.h"
#include "loader/nat/state.h"

namespace xvnet {
namespace {

constexpr std::uint16_t kModeFlags =
    abi::INTERFACE_TO_HOST | abi::INTERFACE_XDP_TARGET | abi::INTERFACE_CHECKSUMS_COMPLETE;

// The mode and features that the device would get now. The features to turn off apply only if the
// device already has that mode.
Result<ModeChoice> choose_again(const Host& host, const Link& link,
                                const abi::device_record& record, Role role) {
  XVNET_ASSIGN(choice, choose_mode(host, link,
                                   {.role = role,
                                    .asked = mode_of(record.mode_asked),
                                    .guest_offloads = !(record.flags & abi::RECORD_OFFLOADS_OFF),
                                    .share_xdp = (record.flags & abi::RECORD_SHARED_XDP) != 0}));
  if (choice.mode != mode_of(record.mode)) {
    choice.features_off.clear();
    choice.peer_features_off.clear();
  }
  return choice;
}

Result<void> repair_interface(Change& change, std::uint32_t ifindex,
                              const abi::device_record& record, const ModeChoice& choice) {
  XVNET_ASSIGN(entry, change.tables().interfaces.find(ifindex));
  if (!entry || choice.mode != mode_of(record.mode)) return {};
  entry->flags =
      static_cast<std::uint16_t>((entry->flags & ~kModeFlags) | interface_flags(choice, record));
  return put_interface(change, ifindex, *entry);
}

Result<bool> is_filtered(const Host& host, std::uint32_t ifindex) {
  XVNET_ASSIGN(attached, host.attachment(ifindex, Hook::kTcIngress));
  return runs(attached);
}

Result<void> repair_forwarding(Change& change, abi::port_record& record, const Link& link) {
  XVNET_ASSIGN(lacks, lacks_forwarding(change.tables(), record, link));
  if (!lacks) return {};
  record.device.restore |= abi::RESTORE_FORWARDING;
  XVNET_TRY(change.put(change.tables().port_records, link.ifindex, record));
  return change.set_forwarding(link, true);
}

}  // namespace

Result<bool> is_whole(const Host& host, const Link& link, const abi::device_record& record) {
  if (record.state != abi::RECORD_COMPLETE) return false;
  XVNET_ASSIGN(attached, host.attachment(link.ifindex, Hook::kTcIngress));
  if (attached == Attachment::kOrphaned) return false;
  return runs(attached) || is_as_recorded(link, record);
}

// The kernel removes a device that leaves the namespace from its device map, so the entry is
// written again. A device without its programs goes down first, so that the repair does not prolong
// the time that it is unfiltered.
Result<void> repair_port(Change& change, const PortEntry& port, const Link& link) {
  auto record = port.record;
  const std::uint32_t mtu = record.device.mtu ? record.device.mtu : link.mtu;
  XVNET_ASSIGN(filtered, is_filtered(change.host(), link.ifindex));
  if (!filtered) XVNET_TRY(change.set_up(link, false));
  XVNET_ASSIGN(choice, choose_again(change.host(), link, record.device, Role::kPort));
  set_text(record.device.name, link.name);
  record.device.mac_tail = mac_tail(link);
  record.device.restore |= restore_flags(choice);
  XVNET_TRY(change.put(change.tables().port_records, link.ifindex, record));
  XVNET_TRY(change.set_master(link, 0));
  XVNET_TRY(change.set_mtu(link, mtu));
  XVNET_TRY(change.disable_host_stack(link));
  XVNET_TRY(change.set_backstop(link.ifindex, true));
  XVNET_TRY(repair_forwarding(change, record, link));
  XVNET_TRY(turn_off_features(change, link.ifindex, choice));
  XVNET_TRY(change.put_device(link.ifindex));
  XVNET_TRY(attach_programs(change, link.ifindex, kPortPrograms, record.device));
  XVNET_TRY(repair_interface(change, link.ifindex, record.device, choice));
  XVNET_TRY(provide_lease(change, link.ifindex, record, mtu));
  return change.set_up(link, true);
}

Result<void> repair_uplink(Change& change, std::uint32_t ifindex, const abi::uplink_record& record,
                           const Link& link) {
  auto repaired = record;
  XVNET_ASSIGN(choice, choose_again(change.host(), link, record.device, Role::kUplink));
  XVNET_TRY(add_vlan_filter(change.host(), link, choice));
  set_text(repaired.device.name, link.name);
  repaired.device.mac_tail = mac_tail(link);
  repaired.device.restore |= restore_flags(choice);
  if (!link.is_promiscuous) repaired.device.flags |= abi::RECORD_PROMISC_SET;
  XVNET_TRY(change.put(change.tables().uplink_records, ifindex, repaired));
  XVNET_TRY(change.set_promiscuous(link, true));
  XVNET_TRY(turn_off_features(change, ifindex, choice));
  XVNET_TRY(change.put_device(ifindex));
  XVNET_TRY(attach_programs(change, ifindex, kUplinkPrograms, repaired.device));
  return repair_interface(change, ifindex, repaired.device, choice);
}

// Renames all at once, because two uplinks may have swapped their names.
Result<void> follow_uplink_names(Change& change) {
  auto& tables = change.tables();
  std::map<std::string, std::string> present;
  XVNET_ASSIGN(uplinks, working_uplinks(tables, change.host()));
  for (auto [ifindex, record] : uplinks) {
    XVNET_ASSIGN(link, change.host().find_link(ifindex));
    if (!link || link->name == text_of(record.device.name)) continue;
    present[text_of(record.device.name)] = link->name;
    set_text(record.device.name, link->name);
    XVNET_TRY(change.put(tables.uplink_records, ifindex, record));
  }
  if (present.empty()) return {};
  XVNET_ASSIGN(networks, tables.network_records.entries());
  for (auto [id, network] : networks) {
    const auto renamed = present.find(text_of(network.uplink));
    if (renamed == present.end()) continue;
    set_text(network.uplink, renamed->second);
    XVNET_TRY(change.put(tables.network_records, id, network));
  }
  return {};
}

}  // namespace xvnet
