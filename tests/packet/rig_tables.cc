// SPDX-License-Identifier: BSD-2-Clause
//
// The tables of a Rig: their contents before each test, and the counters that the programs wrote.
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <algorithm>

#include "link.h"
#include "rig.h"

namespace xvnet::test {

namespace {

void add(abi::direction_stats& sum, const abi::direction_stats& part) {
  sum.packets += part.packets;
  sum.bytes += part.bytes;
  for (size_t i = 0; i < std::size(sum.reasons); ++i) sum.reasons[i] += part.reasons[i];
}

void add(abi::direction_stats& sum, const abi::carried_direction& part) {
  sum.packets += part.packets;
  sum.bytes += part.bytes;
}

size_t cpus() { return static_cast<size_t>(libbpf_num_possible_cpus()); }

}  // namespace

abi::stats Rig::stats(const std::string& name) const {
  const uint32_t key = ifindex(name);
  std::vector<abi::stats> parts(cpus());
  abi::stats sum{};
  if (bpf_map_lookup_elem(tables_->stats.fd(), &key, parts.data()) != 0) return sum;
  for (const abi::stats& part : parts) {
    add(sum.from, part.from);
    add(sum.to, part.to);
  }
  if (!is_cached(name)) return sum;
  const uint32_t place = place_of(name);
  std::vector<abi::carried> more(cpus());
  if (bpf_map_lookup_elem(tables_->carried.fd(), &place, more.data()) != 0)
    throw_errno("reading what was carried");
  for (const abi::carried& part : more) {
    add(sum.from, part.from);
    add(sum.to, part.to);
  }
  return sum;
}

void Rig::zero_stats(const std::string& name) {
  const uint32_t key = ifindex(name);
  const std::vector<abi::stats> zero(cpus());
  if (bpf_map_update_elem(tables_->stats.fd(), &key, zero.data(), BPF_ANY) != 0)
    throw_errno("writing stats");
  const uint32_t place = place_of(name);
  const std::vector<abi::carried> none(cpus());
  if (bpf_map_update_elem(tables_->carried.fd(), &place, none.data(), BPF_ANY) != 0)
    throw_errno("writing what was carried");
}

// "b" and "e" are not in the interface cache, as if another interface held their places.
bool Rig::is_cached(const std::string& name) { return name != "b" && name != "e"; }

void Rig::set_interface(const std::string& name, const abi::interface& value) {
  erase_interface(name);
  tables_->interfaces.put(ifindex(name), value);
  if (is_cached(name))
    tables_->interface_cache.put(place_of(name),
                                 {.ifindex = ifindex(name), .interface = value, .pad = 0});
}

void Rig::erase_interface(const std::string& name) {
  if (is_cached(name)) tables_->interface_cache.erase(place_of(name));
  tables_->interfaces.erase(ifindex(name));
}

// Blue's VID is not in the VLAN cache, as if another uplink held its place.
void Rig::set_vlan(const std::string& uplink, uint16_t vid, uint32_t network) {
  const bool is_cached = vid != kBlueVid;
  if (is_cached) tables_->vlan_cache.erase(vid);
  const abi::vlan_key key{.uplink = ifindex(uplink), .vid = vid, .pad = 0};
  if (network == 0) return tables_->vlans.erase(key);
  tables_->vlans.put(key, network);
  if (is_cached) tables_->vlan_cache.put(vid, {.uplink = ifindex(uplink), .network = network});
}

void Rig::attach(uint32_t network, const std::string& port) {
  set_interface(
      port, {.network = network, .kind = abi::INTERFACE_PORT, .flags = abi::INTERFACE_XDP_TARGET});
  set_learner(network, port, kMacsPerPort);
  zero_stats(port);
  // The kernel looks up the device in the caller's namespace.
  ns_.in([&] { tables_->devices.put(ifindex(port), ifindex(port)); });
}

void Rig::set_members(uint32_t network, const std::vector<std::string>& ports) {
  abi::members list{};
  for (const std::string& port : ports) list.ifindex[list.count++] = ifindex(port);
  tables_->members.put(network, list);
}

void Rig::set_learner(uint32_t network, const std::string& interface, uint32_t limit) {
  const auto learner = std::make_unique<abi::learner>();
  learner->limit = limit;
  tables_->learners.put({.network = network, .ifindex = ifindex(interface)}, *learner);
}

void Rig::set_learnt(uint32_t network, const std::string& interface, const std::string& mac,
                     uint32_t slot, uint64_t last_seen_ns) {
  const abi::learner_key key = {.network = network, .ifindex = ifindex(interface)};
  abi::learner learner = tables_->learners.find(key).value();
  learner.slots[slot] = slot_of(mac);
  tables_->learners.put(key, learner);
  tables_->fdb.put(fdb_key(network, mac),
                   {.ifindex = ifindex(interface), .slot = slot, .last_seen_ns = last_seen_ns});
}

void Rig::set_entry(uint32_t network, const std::string& interface, const std::string& mac,
                    uint32_t slot) {
  tables_->fdb.put(fdb_key(network, mac),
                   {.ifindex = ifindex(interface), .slot = slot, .last_seen_ns = 0});
}

void Rig::set_flag(uint32_t network, uint16_t flag) {
  abi::network value = tables_->networks.find(network).value_or(abi::network{});
  value.flags |= flag;
  tables_->networks.put(network, value);
}

void Rig::set_gateway(uint32_t network, const std::string& ip) {
  tables_->gateways.put(network, {.address = address_of(ip), .router = 0});
  set_flag(network, abi::NETWORK_ADDRESSES | abi::NETWORK_GATEWAY);
}

void Rig::set_host_address(uint32_t network, const std::string& ip) {
  tables_->routes.put({.prefix = ROUTE_HOST_BITS,
                       .kind = abi::ROUTE_TO_HOST,
                       .scope = network,
                       .address = address_of(ip)},
                      {.network = network});
}

void Rig::set_beside_host(uint32_t network, const std::string& ip, uint32_t bits) {
  tables_->routes.put({.prefix = ROUTE_SCOPE_BITS + bits,
                       .kind = abi::ROUTE_BESIDE_HOST,
                       .scope = network,
                       .address = address_of(ip)},
                      {.network = network});
}

void Rig::set_router(uint32_t router, uint32_t network, const std::string& subnet, uint32_t bits) {
  abi::gateway gateway = tables_->gateways.find(network).value();
  gateway.router = router;
  tables_->gateways.put(network, gateway);
  tables_->routes.put({.prefix = ROUTE_HOST_BITS - 32 + bits,
                       .kind = abi::ROUTE_OF_ROUTER,
                       .scope = router,
                       .address = address_of(subnet)},
                      {.network = network});
  set_flag(network, abi::NETWORK_ROUTED);
}

void Rig::set_snat_exception(uint32_t network, const std::string& remotes,
                             const std::string& subnet, uint32_t bits) {
  tables_->routes.put({.prefix = ROUTE_HOST_BITS - 32 + bits,
                       .kind = abi::ROUTE_UNTRANSLATED,
                       .scope = network,
                       .address = address_of(remotes)},
                      {.network = network});
  tables_->routes.put({.prefix = ROUTE_HOST_BITS - 32 + bits,
                       .kind = abi::ROUTE_INSIDE,
                       .scope = 0,
                       .address = address_of(subnet)},
                      {.network = network});
  abi::nat_network rules = tables_->nat_networks.find(network).value();
  rules.flags |= abi::NAT_HAS_EXCEPTIONS;
  tables_->nat_networks.put(network, rules);
}

void Rig::set_address(uint32_t network, const std::string& ip, const std::string& port,
                      const std::string& mac) {
  abi::address_entry entry{};
  if (!port.empty()) entry.ifindex = ifindex(port);
  if (!mac.empty()) std::ranges::copy(parse_mac(mac), entry.mac);
  tables_->addresses.put({.network = network, .address = address_of(ip)}, entry);
  set_flag(network, abi::NETWORK_ADDRESSES);
}

void Rig::set_shared_address(uint32_t network, const std::string& ip,
                             const std::vector<std::string>& ports) {
  abi::address_entry entry{};
  entry.flags = abi::ADDRESS_SHARED;
  tables_->addresses.put({.network = network, .address = address_of(ip)}, entry);
  for (const auto& port : ports)
    tables_->allowed.put({.ifindex = ifindex(port), .address = address_of(ip)}, network);
  set_flag(network, abi::NETWORK_ADDRESSES);
}

void Rig::set_lease(uint32_t network, const std::string& port, const abi::lease& lease) {
  tables_->leases.put(ifindex(port), lease);
  set_flag(network, abi::NETWORK_DHCP);
}

// The bits beyond the last port are set, so that they count as used.
void Rig::set_chunk(const abi::nat_chunk_key& key, uint32_t ports) {
  abi::nat_chunk chunk{};
  for (uint32_t bit = ports; bit < NAT_CHUNK_PORTS; ++bit)
    chunk.words[bit / 64] |= 1ull << bit % 64;
  for (uint32_t word = 0; word < NAT_CHUNK_WORDS; ++word)
    if (chunk.words[word] == UINT64_MAX) chunk.full |= 1ull << word;
  tables_->nat_ports.put(key, chunk);
}

// Writes the network's NAT entry and the bitmaps of its ports.
void Rig::set_rules(uint32_t network, abi::nat_network rules, uint32_t address_flags) {
  for (uint32_t i = 0; i < rules.range_count; ++i) {
    abi::nat_range& range = rules.ranges[i];
    range.flags = address_flags & abi::NAT_ADDRESS_OF_HOST ? abi::NAT_RANGE_OF_HOST : 0;
    for (uint8_t protocol = 0; protocol < abi::NAT_ANY; ++protocol)
      for (uint8_t parity = 0; parity < 2; ++parity)
        set_chunk({.network = network,
                   .range = static_cast<uint8_t>(i),
                   .protocol = protocol,
                   .parity = parity,
                   .chunk = 0},
                  range.count / 2);
  }
  tables_->nat_networks.put(network, rules);
}

// The lowest and highest public port of all networks.
std::pair<uint16_t, uint16_t> Rig::port_bounds() const {
  uint16_t first = UINT16_MAX;
  uint16_t last = 0;
  for (const uint32_t network : tables_->nat_networks.keys()) {
    const abi::nat_network rules = tables_->nat_networks.find(network).value();
    for (uint32_t i = 0; i < rules.range_count; ++i) {
      const abi::nat_range& range = rules.ranges[i];
      first = std::min(first, range.first);
      last = std::max(last, static_cast<uint16_t>(range.first + range.count - 1));
    }
  }
  return {first, last};
}

void Rig::set_nat(uint32_t network, const abi::nat_network& rules, uint32_t address_flags) {
  for (uint32_t bucket = 0; bucket <= rules.bucket_mask; ++bucket)
    tables_->nat_sessions.put({.network = network, .bucket = bucket}, {});
  tables_->nat_rings.put(network, {});
  set_rules(network, rules, address_flags);
  const auto [first, last] = port_bounds();
  abi::nat_address address{.flags = address_flags,
                           .uplink = ifindex("up"),
                           .mac = {},
                           .first = first,
                           .last = last,
                           .pad = 0};
  std::ranges::copy(parse_mac(xvnet::test::mac_of(ns_, "up")), address.mac);
  for (uint32_t i = 0; i < rules.range_count; ++i)
    tables_->nat_addresses.put(rules.ranges[i].address, address);
  abi::interface uplink = tables_->interfaces.find(ifindex("up")).value();
  uplink.flags |= abi::INTERFACE_NAT;
  set_interface("up", uplink);
  set_flag(network, abi::NETWORK_NAT);
}

void Rig::add_network(uint32_t network, uint16_t vid, const std::vector<std::string>& ports) {
  tables_->networks.put(network, {.uplink = ifindex("up"),
                                  .vid = vid,
                                  .flags = 0,
                                  .ageing_ns = kAgeingNs,
                                  .uplink_macs = kMacsPerPort,
                                  .pad = 0});
  set_vlan("up", vid, network);
  set_members(network, ports);
  for (const std::string& port : ports) {
    attach(network, port);
    set_learnt(network, port, mac_of(port), 0, monotonic_ns());
  }
  set_learner(network, "up", kMacsPerPort);
  set_learnt(network, "up", mac_of("wire"), 0, monotonic_ns());
}

void Rig::reset() {
#define TABLE(name, ...) tables_->name.clear();
#include "maps/tables.def"
#undef TABLE
  attach(0, "up");
  set_interface("up",
                {.network = 0, .kind = abi::INTERFACE_UPLINK, .flags = abi::INTERFACE_XDP_TARGET});
  tables_->learners.erase({.network = 0, .ifindex = ifindex("up")});
  add_network(kRed, kRedVid, {"a", "b", "c"});
  add_network(kBlue, kBlueVid, {"d"});
  add_network(kPlain, 0, {"e", "f"});
  set_entry(kPlain, "up", mac_of("host"), abi::FDB_SLOT_HOST);
  drain();
}

}  // namespace xvnet::test
