// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/uplink.h"

#include <fmt/format.h>

#include "loader/base/interface.h"
#include "loader/base/text.h"
#include "loader/commands/repair.h"
#include "loader/model/binding.h"
#include "loader/model/device.h"
#include "loader/model/host_side.h"
#include "loader/model/records.h"
#include "loader/model/rules.h"
#include "loader/nat/nat.h"

namespace xvnet {
namespace {

abi::uplink_record make_record(const Link& link, const ModeChoice& choice,
                               const UplinkRequest& request) {
  abi::uplink_record record{};
  record.device = make_device_record(link, choice, request.mode);
  if (request.share_xdp) record.device.flags |= abi::RECORD_SHARED_XDP;
  if (!link.is_promiscuous) record.device.flags |= abi::RECORD_PROMISC_SET;
  if (!request.vids) record.device.flags |= abi::RECORD_ALL_VLANS;
  for (std::size_t vid = 0; request.vids && vid < request.vids->size(); ++vid)
    if ((*request.vids)[vid]) record.vids[vid / 8] |= static_cast<std::uint8_t>(1u << (vid % 8));
  return record;
}

// Two uplinks must not carry the same VID: frames received on one would have to leave on the other.
Result<void> check_claims(Change& change, const UplinkRequest& request, std::uint32_t self) {
  XVNET_ASSIGN(records, change.tables().uplink_records.entries());
  for (const auto& [ifindex, record] : records) {
    XVNET_ASSIGN(presence, presence_of(change.host(), ifindex, record.device));
    if (ifindex == self || presence != Presence::kHere) continue;
    const bool has_all = record.device.flags & abi::RECORD_ALL_VLANS;
    if (!request.vids && has_all)
      return fail(fmt::format("add uplink {:?}: {:?} carries all VLANs", request.device,
                              text_of(record.device.name)),
                  "name the VLANs of each uplink with ‹vlans›");
    if (!request.vids || has_all) continue;
    const VidSet both = *request.vids & vids_of(record);
    if (both.any())
      return fail(fmt::format("add uplink {:?}: {:?} carries VLAN {}", request.device,
                              text_of(record.device.name), format_vids(both)));
  }
  return {};
}

std::string difference_from(const abi::uplink_record& record, const UplinkRequest& request) {
  if (mode_of(record.device.mode_asked) != request.mode)
    return fmt::format("its mode is {}", format_mode(mode_of(record.device.mode_asked)));
  const bool has_all = record.device.flags & abi::RECORD_ALL_VLANS;
  if (has_all != !request.vids) return has_all ? "it carries all VLANs" : "it carries some VLANs";
  if (request.vids && *request.vids != vids_of(record))
    return fmt::format("it carries VLAN {}", format_vids(vids_of(record)));
  if (!(record.device.flags & abi::RECORD_SHARED_XDP) != !request.share_xdp)
    return "its shared XDP setting differs";
  return {};
}

// The programs are attached before the interface entry is written, and the entry is written before
// a network is bound. Until then all frames belong to the host.
Result<void> wire_uplink(Change& change, const Link& link, abi::uplink_record record,
                         const ModeChoice& choice) {
  auto& tables = change.tables();
  const std::uint32_t ifindex = link.ifindex;
  record.device.restore = restore_flags(choice);
  XVNET_TRY(change.put(tables.uplink_records, ifindex, record));
  XVNET_TRY(change.put(tables.stats, ifindex, abi::stats{}));
  XVNET_TRY(change.put_device(ifindex));
  XVNET_TRY(change.set_promiscuous(link, true));
  XVNET_TRY(turn_off_features(change, ifindex, choice));
  XVNET_TRY(attach_programs(change, ifindex, kUplinkPrograms, record.device));
  XVNET_ASSIGN(translates, has_nat(tables));
  const auto flags = static_cast<std::uint16_t>(interface_flags(choice, record.device) |
                                                uplink_nat_flag(translates));
  XVNET_TRY(put_interface(change, ifindex, {0, abi::INTERFACE_UPLINK, flags}));
  record.device.state = abi::RECORD_COMPLETE;
  XVNET_TRY(change.put(tables.uplink_records, ifindex, record));
  XVNET_TRY(bind_networks(change));
  return follow_uplinks(change);
}

Result<void> warn_about_mtu(Change& change, const Link& uplink, Outcome& outcome) {
  std::uint32_t largest = kFullMtu;
  std::string who = "a full-sized frame";
  XVNET_ASSIGN(ports, change.tables().port_records.entries());
  for (const auto& [ifindex, port] : ports) {
    XVNET_ASSIGN(network, change.tables().networks.find(port.network));
    XVNET_ASSIGN(link, change.host().find_link(ifindex));
    if (!network || network->uplink != uplink.ifindex || !link || link->mtu <= largest) continue;
    largest = link->mtu;
    who = fmt::format("the frames of {:?} (MTU {})", link->name, link->mtu);
  }
  if (uplink.mtu < largest)
    outcome.warnings.push_back(fmt::format(
        "{:?}: its MTU of {} cannot carry {} and a VLAN tag; set `ip link set {} mtu {}`, "
        "or give the guests an MTU of {}",
        uplink.name, uplink.mtu, who, uplink.name, largest, uplink.mtu));
  return {};
}

// Removes the record of an interrupted command or of a device that is gone. Returns a complete
// record.
Result<std::optional<abi::uplink_record>> find_complete_uplink(Change& change,
                                                               const UplinkRequest& request) {
  XVNET_ASSIGN(link, change.host().find_link(request.device));
  XVNET_ASSIGN(records, change.tables().uplink_records.entries());
  for (const auto& [ifindex, record] : records) {
    XVNET_ASSIGN(meant, is_device(change.host(), ifindex, record.device, request.device, link));
    if (!meant) continue;
    if (link && link->ifindex == ifindex) {
      XVNET_ASSIGN(whole, is_whole(change.host(), *link, record.device));
      if (whole) return record;
    }
    XVNET_TRY(dismantle_uplink(change, ifindex, record));
  }
  return std::nullopt;
}

Result<Outcome> keep_uplink(Change& change, const UplinkRequest& request,
                            const abi::uplink_record& record, const Link& link) {
  const std::string difference = difference_from(record, request);
  if (!difference.empty())
    return fail(fmt::format("add uplink {:?}: it is an uplink with other settings: {}",
                            request.device, difference),
                fmt::format("remove it first: «uplink del» {}", request.device));
  XVNET_TRY(repair_uplink(change, link.ifindex, record, link));
  XVNET_TRY(follow_uplink_names(change));
  XVNET_TRY(bind_networks(change));
  XVNET_TRY(follow_uplinks(change));
  return Outcome{.changed = change.did_anything(), .warnings = {}, .created_tap = {}};
}

Result<Outcome> add_fresh_uplink(Change& change, const UplinkRequest& request, const Link& link) {
  XVNET_TRY(check_device("add uplink", link));
  XVNET_TRY(check_is_not_shared(change.host(), "add uplink", link));
  XVNET_ASSIGN(port, change.tables().port_records.find(link.ifindex));
  if (port) return fail(fmt::format("add uplink {:?}: it is a port", request.device));
  XVNET_TRY(check_claims(change, request, link.ifindex));
  XVNET_ASSIGN(choice, choose_mode(change.host(), link,
                                   {.role = Role::kUplink,
                                    .asked = request.mode,
                                    .guest_offloads = true,
                                    .share_xdp = request.share_xdp}));
  XVNET_TRY(add_vlan_filter(change.host(), link, choice));
  XVNET_TRY(wire_uplink(change, link, make_record(link, choice, request), choice));
  Outcome outcome{.changed = true, .warnings = choice.warnings, .created_tap = {}};
  XVNET_TRY(warn_about_mtu(change, link, outcome));
  return outcome;
}

}  // namespace

Result<void> check_request(const UplinkRequest& request) {
  XVNET_TRY(check_device_name("add uplink", request.device));
  const std::string doing = fmt::format("add uplink {:?}", request.device);
  const VidSet vids = request.vids.value_or(VidSet{});
  for (const std::uint32_t vid : {kMinVid - 1, kMaxVid + 1})
    if (vids[vid]) XVNET_TRY(check_range(doing, "vlans", vid, {kMinVid, kMaxVid}));
  if (request.share_xdp && request.mode == Mode::kTc)
    return fail(ErrorKind::kUsage,
                fmt::format("{}: ‹shared_xdp› and ‹mode› tc exclude each other", doing));
  return {};
}

Result<Outcome> add_uplink(Change& change, const UplinkRequest& request) {
  XVNET_TRY(check_request(request));
  XVNET_TRY(check_is_no_host_interface(change, "add uplink", request.device));
  XVNET_ASSIGN(existing, find_complete_uplink(change, request));
  XVNET_ASSIGN(link, change.host().find_link(request.device));
  if (!link) return fail(fmt::format("add uplink {:?}: the device does not exist", request.device));
  auto outcome = existing ? keep_uplink(change, request, *existing, *link)
                          : add_fresh_uplink(change, request, *link);
  // Steps on a device that is gone succeed (change.h), so check that the device still exists.
  XVNET_ASSIGN(is_here, change.host().find_link(link->ifindex));
  if (!is_here) return fail(fmt::format("add uplink {:?}: the device is gone", request.device));
  return outcome;
}

Result<void> dismantle_uplink(Change& change, std::uint32_t ifindex,
                              const abi::uplink_record& record) {
  auto& tables = change.tables();
  XVNET_ASSIGN(presence, presence_of(change.host(), ifindex, record.device));
  auto leaving = record;
  leaving.device.state = abi::RECORD_INCOMPLETE;
  XVNET_TRY(change.put(tables.uplink_records, ifindex, leaving));
  XVNET_TRY(unbind_networks(change, ifindex));
  XVNET_TRY(erase_interface(change, ifindex));
  XVNET_TRY(detach_programs(change, ifindex, kUplinkPrograms, record.device));
  if (presence == Presence::kHere) {
    XVNET_TRY(restore_features(change, ifindex, record.device));
    XVNET_ASSIGN(link, change.host().find_link(ifindex));
    if (link && record.device.flags & abi::RECORD_PROMISC_SET)
      XVNET_TRY(change.set_promiscuous(*link, false));
  }
  XVNET_TRY(change.erase_device(ifindex));
  XVNET_TRY(change.erase(tables.stats, ifindex));
  return change.erase(tables.uplink_records, ifindex);
}

Result<Outcome> remove_uplink(Change& change, std::string_view device) {
  XVNET_TRY(check_device_name("delete uplink", device));
  XVNET_ASSIGN(link, change.host().find_link(device));
  XVNET_ASSIGN(records, change.tables().uplink_records.entries());
  for (const auto& [ifindex, record] : records) {
    XVNET_ASSIGN(is_it, is_device(change.host(), ifindex, record.device, device, link));
    if (!is_it) continue;
    XVNET_TRY(dismantle_uplink(change, ifindex, record));
    XVNET_TRY(bind_networks(change));
    return Outcome{.changed = true, .warnings = {}, .created_tap = {}};
  }
  return fail(fmt::format("delete uplink {:?}: it is not an uplink", device));
}

}  // namespace xvnet
