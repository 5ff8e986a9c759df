// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/binding.h"

#include <fmt/format.h>

#include <unordered_map>

#include "loader/base/interface.h"
#include "loader/base/text.h"
#include "loader/model/device.h"
#include "loader/model/request.h"

namespace xvnet {
namespace {

bool claims(const abi::uplink_record& record, std::uint16_t vid) {
  return !(record.device.flags & abi::RECORD_ALL_VLANS) && record.vids[vid / 8] >> (vid % 8) & 1;
}

std::uint32_t uplink_for_vid(const std::vector<UplinkEntry>& uplinks, std::uint16_t vid) {
  std::uint32_t carries_all = 0;
  for (const auto& [ifindex, record] : uplinks) {
    if (claims(record, vid)) return ifindex;
    if (record.device.flags & abi::RECORD_ALL_VLANS) carries_all = ifindex;
  }
  return carries_all;
}

// Returns the id of the network that carries the uplink's untagged frames, or 0 for none.
Result<std::uint32_t> untagged_owner(Tables& tables, std::uint32_t uplink) {
  XVNET_ASSIGN(owner, tables.vlans.find({.uplink = uplink, .vid = 0, .pad = 0}));
  return owner.value_or(0);
}

Result<std::uint32_t> uplink_for_untagged(Tables& tables, const std::vector<UplinkEntry>& uplinks,
                                          std::uint32_t id, const abi::network_record& record) {
  const std::string asked = text_of(record.uplink);
  XVNET_ASSIGN(network, tables.networks.find(id));
  std::uint32_t chosen = 0;
  for (const auto& [ifindex, uplink] : uplinks)
    if (asked.empty() ? uplinks.size() == 1 || (network && network->uplink == ifindex)
                      : text_of(uplink.device.name) == asked)
      chosen = ifindex;
  if (!chosen && !asked.empty() && !id)
    return fail(fmt::format("network {:?}: {:?} is not an uplink", text_of(record.name), asked),
                fmt::format("add it first: «uplink add» {}", asked));
  if (!chosen && !id && uplinks.size() > 1)
    return fail(
        fmt::format("network {:?}: the host has {} uplinks", text_of(record.name), uplinks.size()),
        "name one with ‹uplink›");
  if (!chosen) return 0;
  XVNET_ASSIGN(owner, untagged_owner(tables, chosen));
  if (owner && owner != id) {
    if (id) return 0;
    return fail(fmt::format("network {:?}: its uplink's untagged frames belong to another network",
                            text_of(record.name)));
  }
  return chosen;
}

abi::fdb_key host_key(std::uint32_t network, const Link& uplink) {
  abi::fdb_key key{.network = network, .mac = {}, .pad = 0};
  std::memcpy(key.mac, uplink.mac.data(), sizeof key.mac);
  return key;
}

bool is_host(const std::optional<abi::fdb_entry>& entry) {
  return entry && entry->slot == abi::FDB_SLOT_HOST;
}

Result<std::uint64_t> reserved_in_fdb(Tables& tables) {
  XVNET_ASSIGN(ports, tables.port_records.entries());
  XVNET_ASSIGN(networks, tables.networks.entries());
  std::uint64_t reserved = 0;
  for (const auto& [ifindex, port] : ports) reserved += port.max_macs + 1;
  for (const auto& [id, network] : networks)
    reserved += network.uplink ? network.uplink_macs + 1 : 0;
  return reserved;
}

Result<void> check_fdb_capacity(std::uint64_t reserved) {
  if (reserved <= MAX_FDB_ENTRIES) return {};
  return fail(
      fmt::format(
          "not enough FDB space: the ports and networks request {} MACs, the table holds {}",
          reserved, MAX_FDB_ENTRIES),
      "lower ‹max_macs› of some ports");
}

constexpr std::uint64_t kEarlyFdbEntries = MAX_FDB_ENTRIES / 4;
constexpr std::uint64_t kEarlyNetworks = kEarlyFdbEntries / (kUplinkMacs + 1);
static_assert(kEarlyFdbEntries + (kMaxVid - kEarlyNetworks) * (kUplinkMacsLater + 1) +
                  MAX_INTERFACES * (kDefaultMaxMacs + 1) <=
              MAX_FDB_ENTRIES);

// Returns how many MACs a newly bound network may learn on its uplink.
Result<std::uint32_t> reserve_at_uplink(Tables& tables) {
  XVNET_ASSIGN(reserved, reserved_in_fdb(tables));
  if (reserved + kUplinkMacs + 1 <= kEarlyFdbEntries) return kUplinkMacs;
  XVNET_TRY(check_fdb_capacity(reserved + kUplinkMacsLater + 1));
  return kUplinkMacsLater;
}

// Erases the host's FDB entry. Its key is the MAC that the uplink had when it was bound. The whole
// table is read only if that MAC has changed or the uplink is gone.
Result<void> forget_host(Change& change, std::uint32_t id, std::uint32_t uplink) {
  auto& fdb = change.tables().fdb;
  XVNET_ASSIGN(link, change.host().find_link(uplink));
  if (link) {
    XVNET_ASSIGN(entry, fdb.find(host_key(id, *link)));
    if (is_host(entry)) return change.erase(fdb, host_key(id, *link));
  }
  XVNET_ASSIGN(entries, fdb.entries());
  for (const auto& [key, entry] : entries)
    if (key.network == id && is_host(entry)) XVNET_TRY(change.erase(fdb, key));
  return {};
}

}  // namespace

Result<std::vector<UplinkEntry>> working_uplinks(Tables& tables, const Host& host) {
  std::vector<UplinkEntry> uplinks;
  XVNET_ASSIGN(entries, tables.uplink_records.entries());
  for (const auto& entry : entries) {
    XVNET_ASSIGN(presence, presence_of(host, entry.first, entry.second.device));
    if (entry.second.device.state == abi::RECORD_COMPLETE && presence == Presence::kHere)
      uplinks.push_back(entry);
  }
  return uplinks;
}

Result<std::uint32_t> choose_uplink(Tables& tables, const std::vector<UplinkEntry>& uplinks,
                                    std::uint32_t id, const abi::network_record& record) {
  if (record.flags & abi::RECORD_UNTAGGED) return uplink_for_untagged(tables, uplinks, id, record);
  return record.vid ? uplink_for_vid(uplinks, record.vid) : 0;
}

Result<void> check_fdb_budget(Tables& tables, std::uint64_t added) {
  XVNET_ASSIGN(reserved, reserved_in_fdb(tables));
  return check_fdb_capacity(reserved + added);
}

Result<void> bind(Change& change, std::uint32_t id, std::uint32_t uplink) {
  auto& tables = change.tables();
  XVNET_ASSIGN(link, change.host().find_link(uplink));
  XVNET_ASSIGN(network, tables.networks.find(id));
  if (!network) return fail(fmt::format("bind network {}: it does not exist any more", id));
  if (!link) return {};  // the device is gone; the next command handles that
  auto bound = *network;
  if (network->uplink != uplink) {
    XVNET_ASSIGN(macs, reserve_at_uplink(tables));
    bound.uplink_macs = macs;
  }
  XVNET_TRY(add_learner(change, id, uplink, bound.uplink_macs));
  if (!network->vid)
    XVNET_TRY(
        change.put(tables.fdb, host_key(id, *link), abi::fdb_entry{uplink, abi::FDB_SLOT_HOST, 0}));
  bound.uplink = uplink;
  XVNET_TRY(put_vlan(change, {.uplink = uplink, .vid = network->vid, .pad = 0}, id));
  return change.put(tables.networks, id, bound);
}

Result<void> unbind(Change& change, std::uint32_t id) {
  auto& tables = change.tables();
  XVNET_ASSIGN(network, tables.networks.find(id));
  if (!network || !network->uplink) return {};
  const std::uint32_t uplink = network->uplink;
  XVNET_TRY(erase_vlan(change, {.uplink = uplink, .vid = network->vid, .pad = 0}));
  if (!network->vid) XVNET_TRY(forget_host(change, id, uplink));
  XVNET_TRY(remove_learner(change, id, uplink));
  auto loose = *network;
  loose.uplink = 0;
  loose.uplink_macs = 0;
  return change.put(tables.networks, id, loose);
}

namespace {

// Whether the FDB has the host's entry under the uplink's current MAC. The host is a member of
// untagged networks only.
Result<bool> knows_host(Change& change, std::uint32_t id, const abi::network& network) {
  if (network.vid || !network.uplink) return true;
  XVNET_ASSIGN(link, change.host().find_link(network.uplink));
  if (!link) return true;
  XVNET_ASSIGN(entry, change.tables().fdb.find(host_key(id, *link)));
  return is_host(entry);
}

}  // namespace

Result<void> bind_networks(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(uplinks, working_uplinks(tables, change.host()));
  XVNET_ASSIGN(entries, tables.networks.entries());
  const std::unordered_map<std::uint32_t, abi::network> networks(entries.begin(), entries.end());
  XVNET_ASSIGN(records, tables.network_records.entries());
  for (const auto& [id, record] : records) {
    const auto network = networks.find(id);
    if (network == networks.end()) continue;
    XVNET_ASSIGN(uplink, choose_uplink(tables, uplinks, id, record));
    XVNET_ASSIGN(current, knows_host(change, id, network->second));
    const std::uint32_t bound = network->second.uplink;
    if (bound == uplink && current) continue;
    // If no other uplink carries the network, it waits for its uplink to come back.
    if (!uplink && bound) continue;
    XVNET_TRY(unbind(change, id));
    if (uplink) XVNET_TRY(bind(change, id, uplink));
  }
  return {};
}

Result<void> unbind_networks(Change& change, std::uint32_t uplink) {
  XVNET_ASSIGN(networks, change.tables().networks.entries());
  for (const auto& [id, network] : networks)
    if (network.uplink == uplink) XVNET_TRY(unbind(change, id));
  return {};
}

Result<std::string> bound_uplink_name(Tables& tables, const Host& host, std::uint32_t id) {
  XVNET_ASSIGN(network, tables.networks.find(id));
  if (!network || !network->uplink) return std::string();
  XVNET_ASSIGN(link, host.find_link(network->uplink));
  if (link) return link->name;
  XVNET_ASSIGN(record, tables.uplink_records.find(network->uplink));
  return record ? text_of(record->device.name) : std::string();
}

}  // namespace xvnet
