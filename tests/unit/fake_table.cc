// SPDX-License-Identifier: BSD-2-Clause
#include "fake_table.h"

#include <algorithm>

#include "loader/tables.h"

namespace xvnet::test {
namespace {

template <typename K, typename V>
constexpr TableShape shape(TableId id, const char* name, std::size_t max_entries,
                           TableType type = TableType::kHash) {
  return {id, name, sizeof(K), sizeof(V), max_entries, type};
}

}  // namespace

const std::vector<TableShape>& table_shapes() {
  using enum TableId;
  using Id = std::uint32_t;
  constexpr std::size_t kMaxUplinks = 64;
  static const std::vector<TableShape> shapes{
      shape<Id, abi::interface>(kInterfaces, "interfaces", MAX_INTERFACES),
      shape<Id, abi::cached_interface>(kInterfaceCache, "interface_cache", INTERFACE_CACHE_SIZE,
                                       TableType::kArray),
      shape<Id, abi::carried>(kCarried, "carried", INTERFACE_CACHE_SIZE, TableType::kPerCpuArray),
      shape<Id, abi::network>(kNetworks, "networks", MAX_NETWORKS),
      shape<abi::vlan_key, Id>(kVlans, "vlans", MAX_NETWORKS),
      shape<Id, abi::cached_vlan>(kVlanCache, "vlan_cache", VLAN_CACHE_SIZE, TableType::kArray),
      shape<Id, abi::members>(kMembers, "members", MAX_NETWORKS),
      shape<abi::fdb_key, abi::fdb_entry>(kFdb, "fdb", MAX_FDB_ENTRIES),
      shape<abi::learner_key, abi::learner>(kLearners, "learners", MAX_INTERFACES + MAX_NETWORKS),
      shape<Id, Id>(kDevices, "devices", MAX_INTERFACES, TableType::kDeviceHash),
      shape<Id, abi::stats>(kStats, "stats", MAX_INTERFACES, TableType::kPerCpuHash),
      shape<Id, abi::port_record>(kPortRecords, "port_records", MAX_INTERFACES),
      shape<Id, abi::uplink_record>(kUplinkRecords, "uplink_records", kMaxUplinks),
      shape<Id, abi::network_record>(kNetworkRecords, "network_records", MAX_NETWORKS),
      shape<abi::address_key, abi::address_entry>(kAddresses, "addresses", MAX_ADDRESSES),
      shape<abi::allowed_key, Id>(kAllowed, "allowed", MAX_ADDRESSES),
      shape<Id, abi::gateway>(kGateways, "gateways", MAX_NETWORKS),
      shape<Id, abi::lease>(kLeases, "leases", MAX_INTERFACES),
      shape<abi::address, abi::nat_address>(kNatAddresses, "nat_addresses", MAX_NAT_ADDRESSES),
      shape<Id, abi::nat_network>(kNatNetworks, "nat_networks", MAX_NETWORKS),
      shape<abi::nat_slot_key, abi::nat_slot>(kNatSlots, "nat_slots", MAX_NAT_MAPPINGS),
      shape<abi::nat_mapping_key, abi::nat_mapping>(kNatMappings, "nat_mappings", MAX_NAT_MAPPINGS),
      shape<abi::nat_bucket_key, abi::nat_bucket>(kNatSessions, "nat_sessions", MAX_NAT_BUCKETS),
      shape<abi::nat_fragment_key, abi::nat_fragment>(kNatFragments, "nat_fragments",
                                                      MAX_NAT_FRAGMENTS),
      shape<Id, abi::nat_ring>(kNatRings, "nat_rings", MAX_NETWORKS),
      shape<abi::nat_chunk_key, abi::nat_chunk>(kNatPorts, "nat_ports", MAX_NAT_PORT_SETS),
      shape<Id, abi::nat_held>(kNatHeld, "nat_held", NAT_HELD_PLACES, TableType::kArray),
      shape<abi::host_flow_key, abi::host_flow>(kHostFlows, "host_flows", MAX_HOST_FLOWS),
      shape<abi::nat_slot_key, abi::forward>(kForwards, "forwards", MAX_FORWARDS),
      shape<abi::route_key, abi::route>(kRoutes, "routes", MAX_ROUTES),
      shape<Id, abi::meta>(kMeta, "meta", 1, TableType::kArray),
  };
  return shapes;
}

FakeTable::FakeTable(const TableShape& shape, Step step, DeviceExists device_exists)
    : shape_(shape), step_(std::move(step)), device_exists_(std::move(device_exists)) {}

bool FakeTable::is_array() const {
  return shape_.type == TableType::kArray || shape_.type == TableType::kPerCpuArray;
}

bool FakeTable::has_index(std::span<const std::byte> key) const {
  return from_bytes<std::uint32_t>(key) < shape_.max_entries;
}

Result<bool> FakeTable::lookup(std::span<const std::byte> key, std::span<std::byte> value) const {
  if (key.size() != shape_.key_size || value.size() != shape_.value_size) {
    return fail("looking up " + std::string(shape_.name) + ": wrong size");
  }
  auto entry = entries_.find(Bytes(key.begin(), key.end()));
  if (entry == entries_.end() && is_array() && has_index(key)) {
    std::ranges::fill(value, std::byte{0});
    return true;
  }
  if (entry == entries_.end()) return false;
  std::ranges::copy(entry->second, value.begin());
  return true;
}

Result<void> FakeTable::update(std::span<const std::byte> key, std::span<const std::byte> value) {
  return step_("put", *this, key, [&] { return store(key, value); });
}

Result<void> FakeTable::store(std::span<const std::byte> key, std::span<const std::byte> value) {
  std::string doing = "updating " + std::string(shape_.name);
  if (key.size() != shape_.key_size || value.size() != shape_.value_size) {
    return fail(doing + ": wrong size");
  }
  Bytes stored_key(key.begin(), key.end());
  bool is_new = !entries_.contains(stored_key);
  if (is_new && entries_.size() >= shape_.max_entries) return fail(doing + ": the table is full");
  if (is_array() && !has_index(key)) return fail(doing + ": no such index");
  if (shape_.type == TableType::kDeviceHash && !device_exists_(from_bytes<std::uint32_t>(value))) {
    return fail(doing + ": no such device");
  }
  const bool is_per_cpu =
      shape_.type == TableType::kPerCpuHash || shape_.type == TableType::kPerCpuArray;
  entries_[std::move(stored_key)] =
      is_per_cpu ? Bytes(shape_.value_size) : Bytes(value.begin(), value.end());
  return {};
}

Result<void> FakeTable::erase(std::span<const std::byte> key) {
  return step_("erase", *this, key, [&]() -> Result<void> {
    if (key.size() != shape_.key_size) return fail("erasing: wrong size");
    if (is_array()) return fail("erasing: an array keeps its entries");
    entries_.erase(Bytes(key.begin(), key.end()));
    return {};
  });
}

Result<std::vector<std::byte>> FakeTable::keys() const {
  ++walks_;
  std::vector<std::byte> all;
  for (const auto& [key, value] : entries_) all.insert(all.end(), key.begin(), key.end());
  return all;
}

}  // namespace xvnet::test
