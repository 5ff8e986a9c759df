// SPDX-License-Identifier: BSD-2-Clause
//
// The tables of maps/ with their types.
#pragma once

#include "loader/map.h"
#include "maps/addresses.h"
#include "maps/allowed.h"
#include "maps/carried.h"
#include "maps/fdb.h"
#include "maps/forwards.h"
#include "maps/gateways.h"
#include "maps/host_flows.h"
#include "maps/interface_cache.h"
#include "maps/interfaces.h"
#include "maps/learners.h"
#include "maps/leases.h"
#include "maps/members.h"
#include "maps/nat_addresses.h"
#include "maps/nat_fragments.h"
#include "maps/nat_mappings.h"
#include "maps/nat_networks.h"
#include "maps/nat_ports.h"
#include "maps/nat_sessions.h"
#include "maps/networks.h"
#include "maps/records.h"
#include "maps/routes.h"
#include "maps/stats.h"
#include "maps/vlan_cache.h"
#include "maps/vlans.h"

namespace xvnet {

struct Tables {
  explicit Tables(Kernel& kernel)
      : interfaces(kernel.table(TableId::kInterfaces)),
        interface_cache(kernel.table(TableId::kInterfaceCache)),
        carried(kernel.table(TableId::kCarried)),
        networks(kernel.table(TableId::kNetworks)),
        vlans(kernel.table(TableId::kVlans)),
        vlan_cache(kernel.table(TableId::kVlanCache)),
        members(kernel.table(TableId::kMembers)),
        fdb(kernel.table(TableId::kFdb)),
        learners(kernel.table(TableId::kLearners)),
        devices(kernel.table(TableId::kDevices)),
        stats(kernel.table(TableId::kStats)),
        port_records(kernel.table(TableId::kPortRecords)),
        uplink_records(kernel.table(TableId::kUplinkRecords)),
        network_records(kernel.table(TableId::kNetworkRecords)),
        addresses(kernel.table(TableId::kAddresses)),
        allowed(kernel.table(TableId::kAllowed)),
        gateways(kernel.table(TableId::kGateways)),
        leases(kernel.table(TableId::kLeases)),
        nat_addresses(kernel.table(TableId::kNatAddresses)),
        nat_networks(kernel.table(TableId::kNatNetworks)),
        nat_slots(kernel.table(TableId::kNatSlots)),
        nat_mappings(kernel.table(TableId::kNatMappings)),
        nat_sessions(kernel.table(TableId::kNatSessions)),
        nat_fragments(kernel.table(TableId::kNatFragments)),
        nat_rings(kernel.table(TableId::kNatRings)),
        nat_ports(kernel.table(TableId::kNatPorts)),
        forwards(kernel.table(TableId::kForwards)),
        routes(kernel.table(TableId::kRoutes)),
        meta(kernel.table(TableId::kMeta)) {}

  Map<std::uint32_t, abi::interface> interfaces;
  Map<std::uint32_t, abi::cached_interface> interface_cache;
  Map<std::uint32_t, abi::carried> carried;
  Map<std::uint32_t, abi::network> networks;
  Map<abi::vlan_key, std::uint32_t> vlans;
  Map<std::uint32_t, abi::cached_vlan> vlan_cache;
  Map<std::uint32_t, abi::members> members;
  Map<abi::fdb_key, abi::fdb_entry> fdb;
  Map<abi::learner_key, abi::learner> learners;
  Map<std::uint32_t, std::uint32_t> devices;
  Map<std::uint32_t, abi::stats> stats;
  Map<std::uint32_t, abi::port_record> port_records;
  Map<std::uint32_t, abi::uplink_record> uplink_records;
  Map<std::uint32_t, abi::network_record> network_records;
  Map<abi::address_key, abi::address_entry> addresses;
  Map<abi::allowed_key, std::uint32_t> allowed;
  Map<std::uint32_t, abi::gateway> gateways;
  Map<std::uint32_t, abi::lease> leases;
  Map<abi::address, abi::nat_address> nat_addresses;
  Map<std::uint32_t, abi::nat_network> nat_networks;
  Map<abi::nat_slot_key, abi::nat_slot> nat_slots;
  Map<abi::nat_mapping_key, abi::nat_mapping> nat_mappings;
  Map<abi::nat_bucket_key, abi::nat_bucket> nat_sessions;
  Map<abi::nat_fragment_key, abi::nat_fragment> nat_fragments;
  Map<std::uint32_t, abi::nat_ring> nat_rings;
  Map<abi::nat_chunk_key, abi::nat_chunk> nat_ports;
  Map<abi::nat_slot_key, abi::forward> forwards;
  Map<abi::route_key, abi::route> routes;
  Map<std::uint32_t, abi::meta> meta;
};

}  // namespace xvnet
