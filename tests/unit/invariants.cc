// SPDX-License-Identifier: BSD-2-Clause
#include "invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "loader/base/tables.h"
#include "loader/nat/ranges.h"

namespace xvnet::test {
namespace {

using Broken = std::set<std::string>;

bool runs(const FakeHost& host, const FakeDevice& device, Hook hook, Program program) {
  auto pin = host.pins().find({device.link.ifindex, hook});
  return pin != host.pins().end() && pin->second.birth == device.birth &&
         pin->second.program == program && pin->second.left != FilterPart::kPin;
}

const FakeDevice* device_at(const FakeHost& host, std::uint32_t ifindex) {
  auto device = host.devices().find(ifindex);
  return device == host.devices().end() ? nullptr : &device->second;
}

// A tenant's device is never up and unfiltered.
void check_port(const FakeHost& host, std::uint32_t ifindex, bool has_xdp, Broken& broken) {
  const FakeDevice* device = device_at(host, ifindex);
  if (!device || !device->link.is_up) return;
  const std::string& name = device->link.name;
  if (!runs(host, *device, Hook::kTcIngress, Program::kTcFromVm)) {
    broken.insert("port " + name + " is up without its tc program");
  }
  if (has_xdp && !runs(host, *device, Hook::kXdp, Program::kXdpFromVm)) {
    broken.insert("port " + name + " is up without its XDP program");
  }
  if (!device->link.is_silent())
    broken.insert("port " + name + " is up and the host may send on it");
  if (!device->has_backstop) broken.insert("port " + name + " is up without a backstop");
}

void check_ports(const FakeHost& host, Broken& broken) {
  const FakeTable& records = host.fake_table(TableId::kPortRecords);
  for (const auto& [ifindex, record] : records.typed<std::uint32_t, abi::port_record>()) {
    bool is_xdp =
        record.device.state == abi::RECORD_COMPLETE && record.device.mode == abi::MODE_XDP;
    check_port(host, ifindex, is_xdp, broken);
  }
}

// The host's end of a veth pair is guarded against its network before it is up.
void check_host_interfaces(const FakeHost& host, Broken& broken) {
  for (const auto& [ifindex, device] : host.devices())
    if (device.link.kind == LinkKind::kVeth && device.link.name.starts_with("xv-") &&
        device.link.is_up && !device.guarded)
      broken.insert(device.link.name + " is up and not guarded");
}

// An entry of `interfaces` is written last and removed first (maps/interfaces.h). So an interface
// with an entry is ready, and its network exists.
void check_interfaces(const FakeHost& host, Broken& broken) {
  const FakeTable& interfaces = host.fake_table(TableId::kInterfaces);
  const FakeTable& networks = host.fake_table(TableId::kNetworks);
  for (const auto& [ifindex, entry] : interfaces.typed<std::uint32_t, abi::interface>()) {
    if (entry.kind == abi::INTERFACE_LOOPBACK) continue;
    bool is_port = entry.kind == abi::INTERFACE_PORT;
    if (is_port) check_port(host, ifindex, false, broken);
    std::string name = host.name_of(ifindex);
    if (is_port && !networks.raw().contains(to_bytes(entry.network))) {
      broken.insert("the interfaces entry of " + name + " belongs to no network");
    }
    const FakeDevice* device = device_at(host, ifindex);
    Program program = is_port ? Program::kTcFromVm : Program::kTcFromUplink;
    if (device && !runs(host, *device, Hook::kTcIngress, program)) {
      broken.insert("the interfaces entry of " + name + " has no program");
    }
  }
}

// The host receives only frames for its own addresses in the network.
void check_host_ports(const FakeHost& host, Broken& broken) {
  const FakeTable& interfaces = host.fake_table(TableId::kInterfaces);
  for (const auto& [ifindex, entry] : interfaces.typed<std::uint32_t, abi::interface>())
    if (host.name_of(ifindex).starts_with("xp-") && !(entry.flags & abi::INTERFACE_TO_HOST))
      broken.insert("the interfaces entry of " + host.name_of(ifindex) +
                    " is not marked as the host's");
}

// Each entry of the interface cache equals the interface's entry in `interfaces`
// (maps/interface_cache.h).
void check_interface_cache(const FakeHost& host, Broken& broken) {
  const FakeTable& interfaces = host.fake_table(TableId::kInterfaces);
  for (const auto& [place, cached] :
       host.fake_table(TableId::kInterfaceCache).typed<std::uint32_t, abi::cached_interface>()) {
    if (cached.ifindex == 0) continue;
    const auto entry = interfaces.raw().find(to_bytes(cached.ifindex));
    if (place != cached.ifindex % INTERFACE_CACHE_SIZE)
      broken.insert(host.name_of(cached.ifindex) +
                    " is in the cache in the place of another interface");
    if (entry == interfaces.raw().end() || entry->second != to_bytes(cached.interface))
      broken.insert(host.name_of(cached.ifindex) + " differs from its entry in the cache");
  }
}

// Each entry of the VLAN cache equals the entry in `vlans` (maps/vlan_cache.h).
void check_vlan_cache(const FakeHost& host, Broken& broken) {
  const FakeTable& vlans = host.fake_table(TableId::kVlans);
  for (const auto& [vid, cached] :
       host.fake_table(TableId::kVlanCache).typed<std::uint32_t, abi::cached_vlan>()) {
    if (cached.uplink == 0) continue;
    const abi::vlan_key key{cached.uplink, static_cast<std::uint16_t>(vid), 0};
    const auto entry = vlans.raw().find(to_bytes(key));
    if (entry == vlans.raw().end() || entry->second != to_bytes(cached.network))
      broken.insert(fmt::format("VLAN {} of {} differs from its entry in the cache", vid,
                                host.name_of(cached.uplink)));
  }
}

// A VID that a network owns never reaches the host's stack. A VID is owned only while the uplink's
// programs can filter it.
void check_vlans(const FakeHost& host, Broken& broken) {
  const FakeTable& records = host.fake_table(TableId::kUplinkRecords);
  const FakeTable& networks = host.fake_table(TableId::kNetworks);
  const FakeTable& vlans = host.fake_table(TableId::kVlans);
  for (const auto& [key, network] : vlans.typed<abi::vlan_key, std::uint32_t>()) {
    const FakeDevice* device = device_at(host, key.uplink);
    std::string what = "VID " + std::to_string(key.vid) + " of " + host.name_of(key.uplink);
    if (!networks.raw().contains(to_bytes(network))) broken.insert(what + " belongs to no network");
    if (!device) continue;
    auto record = records.raw().find(to_bytes(key.uplink));
    if (record == records.raw().end()) {
      broken.insert(what + " is owned, but there is no uplink");
      continue;
    }
    if (!runs(host, *device, Hook::kTcIngress, Program::kTcFromUplink)) {
      broken.insert(what + " is owned without the uplink's tc program");
    }
    auto uplink = from_bytes<abi::uplink_record>(record->second);
    bool is_xdp =
        uplink.device.state == abi::RECORD_COMPLETE && uplink.device.mode == abi::MODE_XDP;
    if (is_xdp && !runs(host, *device, Hook::kXdp, Program::kXdpFromUplink)) {
      broken.insert(what + " is owned without the uplink's XDP program");
    }
  }
}

// A network's gateway flag is set only while the network has a gateway address to answer for.
void check_gateways(const FakeHost& host, Broken& broken) {
  const FakeTable& networks = host.fake_table(TableId::kNetworks);
  const FakeTable& gateways = host.fake_table(TableId::kGateways);
  for (const auto& [id, network] : networks.typed<std::uint32_t, abi::network>())
    if (network.flags & abi::NETWORK_GATEWAY && !gateways.raw().contains(to_bytes(id)))
      broken.insert("network " + std::to_string(id) + " has a gateway without an address");
}

// No route leads to a network that is gone.
void check_routes(const FakeHost& host, Broken& broken) {
  const auto& gateways = host.fake_table(TableId::kGateways).raw();
  const auto& records = host.fake_table(TableId::kNetworkRecords).raw();
  for (const auto& [key, route] :
       host.fake_table(TableId::kRoutes).typed<abi::route_key, abi::route>()) {
    if (!records.contains(to_bytes(route.network)))
      broken.insert("a route leads to a network that does not exist");
    if (key.kind < abi::ROUTE_TO_HOST && !gateways.contains(to_bytes(route.network)))
      broken.insert("a route leads to a network without a gateway");
  }
}

// A translated network has every entry that its programs look up, and its public ports are reserved
// from the host's sockets.
void check_translated(const FakeHost& host, std::uint32_t id, const abi::nat_network& entry,
                      Broken& broken) {
  const std::string name = "network " + std::to_string(id);
  for (std::uint32_t at = 0; at <= entry.bucket_mask; ++at)
    if (!host.fake_table(TableId::kNatSessions)
             .raw()
             .contains(to_bytes(abi::nat_bucket_key{id, at})))
      broken.insert(name + " lacks a bucket");
  for (const abi::nat_range& range : ranges_of(entry)) {
    const auto& addresses = host.fake_table(TableId::kNatAddresses).raw();
    const auto address = addresses.find(to_bytes(range.address));
    if (address == addresses.end()) {
      broken.insert(name + " has an unknown public address");
    } else if (from_bytes<abi::nat_address>(address->second).flags & abi::NAT_ADDRESS_OF_HOST &&
               (ports_of(range) & ~*host.reserved_ports()).any()) {
      broken.insert(name + " has ports that are not reserved from the host's sockets");
    }
  }
}

void check_forwarding(const FakeHost& host, Broken& broken) {
  const FakeTable& interfaces = host.fake_table(TableId::kInterfaces);
  const FakeTable& networks = host.fake_table(TableId::kNetworks);
  bool translates = false;
  for (const auto& [id, network] : networks.typed<std::uint32_t, abi::network>())
    translates |= (network.flags & abi::NETWORK_NAT) != 0;
  for (const auto& [ifindex, entry] : interfaces.typed<std::uint32_t, abi::interface>()) {
    const FakeDevice* device = device_at(host, ifindex);
    const auto network = networks.raw().find(to_bytes(entry.network));
    if (entry.kind == abi::INTERFACE_UPLINK && translates && !(entry.flags & abi::INTERFACE_NAT))
      broken.insert("uplink " + host.name_of(ifindex) + " is not flagged for public addresses");
    if (!device || network == networks.raw().end() || !device->link.is_up) continue;
    const auto flags = from_bytes<abi::network>(network->second).flags;
    if (flags & abi::NETWORK_NAT && !device->link.forwards)
      broken.insert("port " + device->link.name + " is translated without forwarding");
  }
}

// No public port belongs to two networks.
void check_ranges(const FakeHost& host, Broken& broken) {
  std::vector<abi::nat_range> all;
  const FakeTable& networks = host.fake_table(TableId::kNatNetworks);
  for (const auto& [id, entry] : networks.typed<std::uint32_t, abi::nat_network>()) {
    for (const abi::nat_range& range : ranges_of(entry)) {
      const bool is_shared = std::ranges::any_of(all, [&](const abi::nat_range& other) {
        return ipv4_of(other.address) == ipv4_of(range.address) &&
               other.first < range.first + range.count && range.first < other.first + other.count;
      });
      if (is_shared) broken.insert("two networks share a public port");
      all.push_back(range);
    }
  }
}

// All NAT state that programs keep for a network is reachable from the network's NAT entry.
void check_nat_state(const FakeHost& host, Broken& broken) {
  const auto& networks = host.fake_table(TableId::kNatNetworks).raw();
  const auto check = [&](std::uint32_t network, const char* what) {
    if (!networks.contains(to_bytes(network))) broken.insert(what);
  };
  for (const auto& [key, bucket] : host.fake_table(TableId::kNatSessions).raw())
    check(from_bytes<abi::nat_bucket_key>(key).network,
          "a bucket belongs to no translated network");
  for (const auto& [key, slot] : host.fake_table(TableId::kNatSlots).raw())
    if (from_bytes<abi::nat_slot>(slot).expires_ns != NAT_SLOT_FORWARD)
      check(from_bytes<abi::nat_slot>(slot).network, "a slot belongs to no translated network");
  for (const auto& [key, mapping] : host.fake_table(TableId::kNatMappings).raw())
    if (from_bytes<abi::nat_mapping>(mapping).range != NAT_RANGE_FORWARD)
      check(from_bytes<abi::nat_mapping_key>(key).network,
            "a mapping belongs to no translated network");
}

// A complete forward has every entry that its programs look up, and its ports are reserved from the
// host's sockets.
void check_open_forward(const FakeHost& host, const abi::nat_slot_key& key,
                        const abi::forward& forward, Broken& broken) {
  const auto& addresses = host.fake_table(TableId::kNatAddresses).raw();
  const auto address = addresses.find(to_bytes(key.address));
  if (address == addresses.end()) {
    broken.insert("a forward has an unknown public address");
  } else if (from_bytes<abi::nat_address>(address->second).flags & abi::NAT_ADDRESS_OF_HOST &&
             (ports_of(key, forward) & ~*host.reserved_ports()).any()) {
    broken.insert("a forwarded port is not reserved from the host's sockets");
  }
  for (std::uint16_t at = 0; at < forward.count; ++at) {
    auto outside = key;
    outside.port = static_cast<std::uint16_t>(key.port + at);
    const abi::nat_mapping_key inside{.network = forward.network,
                                      .address = forward.inside,
                                      .port = static_cast<std::uint16_t>(forward.port + at),
                                      .protocol = key.protocol,
                                      .pad = 0};
    if (!host.fake_table(TableId::kNatSlots).raw().contains(to_bytes(outside)) ||
        !host.fake_table(TableId::kNatMappings).raw().contains(to_bytes(inside)))
      broken.insert("a forward lacks a port");
  }
}

// Every NAT slot without expiry belongs to an entry in `forwards`.
void check_forwards(const FakeHost& host, Broken& broken) {
  std::size_t ports = 0;
  std::size_t open = 0;
  for (const auto& [key, forward] :
       host.fake_table(TableId::kForwards).typed<abi::nat_slot_key, abi::forward>()) {
    ports += forward.count;
    if (forward.state != abi::RECORD_COMPLETE) continue;
    open += forward.count;
    check_open_forward(host, key, forward, broken);
  }
  std::size_t slots = 0;
  for (const auto& [key, slot] : host.fake_table(TableId::kNatSlots).raw())
    slots += from_bytes<abi::nat_slot>(slot).expires_ns == NAT_SLOT_FORWARD;
  if (slots < open || slots > ports) broken.insert("a forward's slot has no forward");
}

void check_nat(const FakeHost& host, Broken& broken) {
  const FakeTable& networks = host.fake_table(TableId::kNetworks);
  const auto& entries = host.fake_table(TableId::kNatNetworks).raw();
  for (const auto& [id, network] : networks.typed<std::uint32_t, abi::network>()) {
    if (network.flags & (abi::NETWORK_DHCP | abi::NETWORK_NAT | abi::NETWORK_ROUTED) &&
        !host.has_tail_calls())
      broken.insert("network " + std::to_string(id) + " has no tail-called programs");
    if (!(network.flags & abi::NETWORK_NAT)) continue;
    const auto entry = entries.find(to_bytes(id));
    if (entry == entries.end()) {
      broken.insert("network " + std::to_string(id) + " is translated without public ports");
    } else {
      check_translated(host, id, from_bytes<abi::nat_network>(entry->second), broken);
    }
  }
  check_forwarding(host, broken);
  check_ranges(host, broken);
  check_nat_state(host, broken);
  check_forwards(host, broken);
}

// The state that a killed command leaves must be found again. A pin without a record would never be
// removed.
void check_pins(const FakeHost& host, Broken& broken) {
  const FakeTable& ports = host.fake_table(TableId::kPortRecords);
  const FakeTable& uplinks = host.fake_table(TableId::kUplinkRecords);
  const FakeTable& interfaces = host.fake_table(TableId::kInterfaces);
  for (const auto& [where, pin] : host.pins()) {
    Bytes key = to_bytes(where.first);
    if (ports.raw().contains(key) || uplinks.raw().contains(key)) continue;
    if (where.first == LOOPBACK_IFINDEX && interfaces.raw().contains(key)) continue;
    broken.insert(fmt::format("the {} of {} has no record", program_name(pin.program),
                              host.name_of(where.first)));
  }
}

}  // namespace

std::set<std::string> broken_invariants(const FakeHost& host) {
  Broken broken;
  if (!host.is_loaded()) return broken;
  check_ports(host, broken);
  check_host_interfaces(host, broken);
  check_host_ports(host, broken);
  check_interfaces(host, broken);
  check_interface_cache(host, broken);
  check_vlans(host, broken);
  check_vlan_cache(host, broken);
  check_gateways(host, broken);
  check_routes(host, broken);
  check_nat(host, broken);
  check_pins(host, broken);
  return broken;
}

}  // namespace xvnet::test
