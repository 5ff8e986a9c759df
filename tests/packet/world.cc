// SPDX-License-Identifier: BSD-2-Clause
#include "world.h"

#include <algorithm>
#include <memory>

namespace xvnet::test {

namespace {

std::string name_of(const Rig& rig, uint32_t ifindex) {
  const auto found = std::ranges::find_if(
      rig.names(), [&](const std::string& name) { return rig.ifindex(name) == ifindex; });
  return found == rig.names().end() ? std::string() : *found;
}

uint32_t ifindex_of(const Rig& rig, uint16_t device) {
  const std::string name = device_of(device);
  return name.empty() ? 0 : rig.ifindex(name);
}

// Calls `visit` for every key and value.
template <typename Key, typename Value, typename Visit>
void each(const Table<Key, Value>& table, const Visit& visit) {
  const auto value = std::make_unique<Value>();
  for (const Key& key : table.keys())
    if (bpf_map_lookup_elem(table.fd(), &key, value.get()) == 0) visit(key, *value);
}

template <typename Value, typename Visit>
void each(const ArrayTable<Value>& table, const Visit& visit) {
  for (const uint32_t index : table.keys()) visit(index, table.find(index).value());
}

World::Learner learner_of(const abi::learner& learner) {
  World::Learner result{.limit = learner.limit, .slots = {}};
  for (uint32_t slot = 0; slot < learner.limit; ++slot) {
    MacBytes mac{};
    for (size_t i = 0; i < mac.size(); ++i)
      mac[i] = static_cast<uint8_t>(learner.slots[slot] >> (8 * i));
    result.slots.push_back(mac);
  }
  return result;
}

Ipv4Bytes ipv4_of(const abi::address& address) {
  Ipv4Bytes bytes{};
  std::copy_n(std::end(address.bytes) - bytes.size(), bytes.size(), bytes.begin());
  return bytes;
}

bool is_fresh(const abi::fdb_entry& entry) {
  return entry.slot >= MAX_LEARNER_SLOTS || monotonic_ns() - entry.last_seen_ns <= kAgeingNs;
}

void set_interface(Rig& rig, const Step& step) {
  const auto& [device, network, kind, flags] = step.values;
  const std::string name = device_of(device);
  if (name.empty()) return;
  if (kind == 0) return rig.erase_interface(name);
  rig.set_interface(name, {.network = network, .kind = kind, .flags = flags});
}

void set_network(Rig& rig, const Step& step) {
  const auto& [network, uplink, vid, unused] = step.values;
  if (network == 0 || network > kPlain) return;
  rig.tables().networks.put(network, {.uplink = ifindex_of(rig, uplink),
                                      .vid = vid,
                                      .flags = 0,
                                      .ageing_ns = kAgeingNs,
                                      .uplink_macs = kMacsPerPort,
                                      .pad = 0});
}

// Two addresses that the frames of recipes use, and one that none uses.
constexpr const char* kIps[] = {"10.0.0.2", "10.0.0.1", "10.0.0.9"};

void set_gateway(Rig& rig, const Step& step) {
  const auto& [network, ip, unused1, unused2] = step.values;
  if (network != 0 && network <= kPlain) rig.set_gateway(network, kIps[ip]);
}

void set_address(Rig& rig, const Step& step) {
  const auto& [network, ip, device, is_known] = step.values;
  if (network == 0 || network > kPlain) return;
  rig.set_address(network, kIps[ip], device_of(device), is_known ? mac_of("b") : "");
}

void set_vlan(Rig& rig, const Step& step) { rig.set_vlan("up", step.values[0], step.values[1]); }

void set_device(Rig& rig, const Step& step) {
  const uint32_t ifindex = ifindex_of(rig, step.values[0]);
  if (ifindex == 0) return;
  if (step.values[1] == 0) return rig.tables().devices.erase(ifindex);
  rig.ns().in([&] { rig.tables().devices.put(ifindex, ifindex); });
}

void set_members(Rig& rig, const Step& step) {
  std::vector<std::string> ports;
  for (uint16_t device = 0; device + 1 < kDevices; ++device)
    if ((step.values[1] >> device & 1) != 0) ports.push_back(device_of(device));
  rig.set_members(step.values[0], ports);
}

void set_entry(Rig& rig, const Step& step) {
  constexpr uint32_t kSlots[] = {0, abi::FDB_SLOT_STATIC, abi::FDB_SLOT_HOST};
  const std::string device = device_of(step.values[1]);
  if (device.empty()) return;
  rig.set_entry(step.values[0], device, mac_address_of(step.values[2]), kSlots[step.values[3]]);
}

void set_learnt(Rig& rig, const Step& step) {
  const auto& [network, device, mac, slot] = step.values;
  const std::string name = device_of(device);
  if (name.empty()) return;
  if (!rig.tables().learners.find({.network = network, .ifindex = rig.ifindex(name)}))
    rig.set_learner(network, name, 0);
  rig.set_learnt(network, name, mac_address_of(mac), slot, monotonic_ns());
}

void set_limit(Rig& rig, const Step& step) {
  const std::string name = device_of(step.values[1]);
  if (!name.empty()) rig.set_learner(step.values[0], name, step.values[2]);
}

}  // namespace

void read_learnt(const Rig& rig, World& world) {
  world.fdb.clear();
  each(rig.tables().fdb, [&](const abi::fdb_key& key, const abi::fdb_entry& entry) {
    world.fdb[{key.network, std::to_array(key.mac)}] = {
        .device = name_of(rig, entry.ifindex), .slot = entry.slot, .fresh = is_fresh(entry)};
  });
  world.learners.clear();
  each(rig.tables().learners, [&](const abi::learner_key& key, const abi::learner& learner) {
    world.learners[{key.network, name_of(rig, key.ifindex)}] = learner_of(learner);
  });
}

World read_world(const Rig& rig) {
  World world;
  const Tables& tables = rig.tables();
  each(tables.interfaces, [&](uint32_t ifindex, const abi::interface& interface) {
    world.interfaces[name_of(rig, ifindex)] = interface;
  });
  each(tables.networks, [&](uint32_t id, const abi::network& network) {
    world.networks[id] = {
        .uplink = name_of(rig, network.uplink), .vid = network.vid, .flags = network.flags};
  });
  each(tables.gateways, [&](uint32_t id, const abi::gateway& gateway) {
    world.gateways[id] = ipv4_of(gateway.address);
  });
  each(tables.addresses, [&](const abi::address_key& key, const abi::address_entry& entry) {
    world.neighbours[{key.network, ipv4_of(key.address)}] = {.device = name_of(rig, entry.ifindex),
                                                             .mac = std::to_array(entry.mac)};
  });
  each(tables.vlans, [&](const abi::vlan_key& key, uint32_t network) {
    world.vlans[{name_of(rig, key.uplink), key.vid}] = network;
  });
  each(tables.members, [&](uint32_t network, const abi::members& list) {
    for (uint32_t i = 0; i < list.count; ++i)
      world.members[network].push_back(name_of(rig, list.ifindex[i]));
  });
  each(tables.devices,
       [&](uint32_t ifindex, uint32_t) { world.devices.insert(name_of(rig, ifindex)); });
  for (const uint32_t ifindex : tables.stats.keys()) world.counted.insert(name_of(rig, ifindex));
  read_learnt(rig, world);
  return world;
}

void change_tables(Rig& rig, const Step& step) {
  switch (step.op) {
    case Op::kEntry:
      return set_entry(rig, step);
    case Op::kLearnt:
      return set_learnt(rig, step);
    case Op::kMembers:
      return set_members(rig, step);
    case Op::kLimit:
      return set_limit(rig, step);
    case Op::kInterface:
      return set_interface(rig, step);
    case Op::kNetwork:
      return set_network(rig, step);
    case Op::kGateway:
      return set_gateway(rig, step);
    case Op::kAddress:
      return set_address(rig, step);
    case Op::kVlan:
      return set_vlan(rig, step);
    case Op::kDevice:
      return set_device(rig, step);
    default:
      return;
  }
}

}  // namespace xvnet::test
