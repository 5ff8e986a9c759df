// SPDX-License-Identifier: BSD-2-Clause
#include "snapshot.h"

#include <fmt/format.h>

#include <bit>

#include "loader/base/tables.h"
#include "loader/model/port_addresses.h"
#include "loader/model/subnet.h"

namespace xvnet::test {
namespace {

std::string network_name(const FakeHost& host, std::uint32_t id) {
  if (id == 0) return "none";
  const auto& records = host.fake_table(TableId::kNetworkRecords).raw();
  auto record = records.find(to_bytes(id));
  if (record == records.end()) return fmt::format("net{}", id);
  return from_bytes<abi::network_record>(record->second).name;
}

std::string device_name(const FakeHost& host, std::uint32_t ifindex) {
  return ifindex == 0 ? "none" : host.name_of(ifindex);
}

Mac to_mac(const std::uint8_t (&bytes)[6]) {
  Mac mac;
  std::copy(std::begin(bytes), std::end(bytes), mac.begin());
  return mac;
}

std::string ipv4_text(const abi::address& address) {
  return format_ipv4(ipv4_of(address).value_or(Ipv4{}));
}

std::string value_text(const FakeHost& host, const abi::interface& entry) {
  return fmt::format("network={} kind={} flags={}", network_name(host, entry.network), entry.kind,
                     entry.flags);
}

std::string value_text(const FakeHost& host, const abi::network& network) {
  return fmt::format("uplink={} vid={} flags={:x} ageing_ns={} uplink_macs={}",
                     device_name(host, network.uplink), network.vid, network.flags,
                     network.ageing_ns, network.uplink_macs);
}

std::string value_text(const FakeHost& host, const abi::members& members) {
  std::set<std::string> names;
  for (std::uint32_t i = 0; i < members.count; ++i) {
    names.insert(device_name(host, members.ifindex[i]));
  }
  std::string text = fmt::format("{}:", members.count);
  for (const std::string& name : names) text += " " + name;
  return text;
}

// The kernel assigns a random MAC to a host interface each time, so a snapshot shows the
// interface's name instead.
std::string mac_text(const FakeHost& host, const std::uint8_t (&bytes)[6]) {
  const Mac mac = to_mac(bytes);
  for (const auto& [ifindex, device] : host.devices())
    if (device.link.mac == mac && device.link.name.starts_with("xv-")) return device.link.name;
  return to_text(mac);
}

std::string value_text(const FakeHost& host, const abi::fdb_entry& entry) {
  return fmt::format("at {} slot={:x}", device_name(host, entry.ifindex), entry.slot);
}

std::string value_text(const FakeHost&, const abi::learner& learner) {
  std::string text = fmt::format("limit={}", learner.limit);
  for (std::uint64_t slot : learner.slots) {
    if (slot) text += fmt::format(" {:x}", slot);
  }
  return text;
}

std::string value_text(const FakeHost&, const abi::stats& stats) {
  return fmt::format("from={} to={}", stats.from.packets, stats.to.packets);
}

std::string device_text(const abi::device_record& record) {
  return fmt::format(
      "name={} flags={:x} restore={:x} kind={} state={} mode={} asked={} owner={} queues={} mtu={} "
      "former_mtu={}",
      record.name, record.flags, record.restore, record.kind, record.state, record.mode,
      record.mode_asked, record.owner, record.queues, record.mtu, record.former_mtu);
}

std::string value_text(const FakeHost& host, const abi::port_record& record) {
  std::string text =
      fmt::format("{} network={} max_macs={} mac={}", device_text(record.device),
                  network_name(host, record.network), record.max_macs, mac_text(host, record.mac));
  for (const Ipv4 address : addresses_of(record)) text += " " + format_ipv4(address);
  for (const Ipv4 address : allowed_of(record)) text += " allowed " + format_ipv4(address);
  return text;
}

std::string value_text(const FakeHost&, const abi::uplink_record& record) {
  std::string vids;
  for (int vid = 0; vid < 4096; ++vid) {
    if (record.vids[vid / 8] >> (vid % 8) & 1) vids += fmt::format(" {}", vid);
  }
  return device_text(record.device) + " vids=" + vids;
}

std::string value_text(const FakeHost&, const abi::network_record& record) {
  std::string text = fmt::format("flags={:x} uplink={} vid={} ageing_s={}", record.flags,
                                 record.uplink, record.vid, record.ageing_s);
  text +=
      fmt::format(" dns={} domain={} file={}", record.dns_count, record.domain, record.boot_file);
  if (const auto subnet = subnet_of(record)) text += " subnet=" + format_subnet(*subnet);
  if (const auto gateway = ipv4_of(record.gateway)) text += " gateway=" + format_ipv4(*gateway);
  for (int i = 0; i < record.address_count; ++i) text += fmt::format(" {}", record.addresses[i]);
  for (int i = 0; i < record.snat_count; ++i) text += " snat=" + ipv4_text(record.snat[i]);
  text += fmt::format(" exceptions={}", record.snat_exception_count);
  text += fmt::format(" snat_ports={} router={}", record.snat_ports, record.router);
  return text;
}

std::string value_text(const FakeHost& host, const abi::address_entry& entry) {
  return fmt::format("at {} owner={} mac={}", device_name(host, entry.ifindex), entry.owner,
                     to_text(to_mac(entry.mac)));
}

std::string value_text(const FakeHost&, const abi::gateway& gateway) {
  return ipv4_text(gateway.address) + (gateway.router ? " routed" : "");
}

std::string value_text(const FakeHost& host, const abi::route& route) {
  return network_name(host, route.network);
}

std::string value_text(const FakeHost&, const abi::lease& lease) {
  std::string text = ipv4_text(lease.address);
  for (const std::uint8_t byte : lease.options) text += fmt::format(" {:02x}", byte);
  return text;
}

std::string value_text(const FakeHost& host, const abi::nat_address& address) {
  return fmt::format("flags={:x} uplink={} mac={}", address.flags,
                     device_name(host, address.uplink), to_text(to_mac(address.mac)));
}

std::string value_text(const FakeHost&, const abi::nat_network& network) {
  std::string text = fmt::format("flags={:x} mask={:x}", network.flags, network.bucket_mask);
  for (std::uint32_t i = 0; i < network.range_count; ++i)
    text += fmt::format(" {}:{}+{}", ipv4_text(network.ranges[i].address), network.ranges[i].first,
                        network.ranges[i].count);
  return text;
}

std::string value_text(const FakeHost& host, const abi::nat_slot& slot) {
  return fmt::format("inside={}/{}:{} at {}", network_name(host, slot.network),
                     ipv4_text(slot.inside), slot.port, device_name(host, slot.ifindex));
}

std::string value_text(const FakeHost&, const abi::nat_mapping& mapping) {
  return fmt::format("range={} port={} address={}", mapping.range, mapping.port,
                     ipv4_text(mapping.address));
}

std::string value_text(const FakeHost& host, const abi::forward& forward) {
  return fmt::format("inside={}/{}:{}+{} state={}", network_name(host, forward.network),
                     ipv4_text(forward.inside), forward.port, forward.count, forward.state);
}

std::string value_text(const FakeHost&, const abi::nat_bucket& bucket) {
  return fmt::format("expires_ns={}", bucket.sessions[0].expires_ns);
}

std::string value_text(const FakeHost&, const abi::nat_fragment& fragment) {
  return fmt::format("port={}", fragment.outside.port);
}

std::string value_text(const FakeHost&, const abi::nat_chunk& chunk) {
  int clear = 0;
  for (const std::uint64_t word : chunk.words) clear += std::popcount(~word);
  return fmt::format("{} candidates", clear);
}

std::string value_text(const FakeHost&, const abi::nat_ring& ring) {
  return fmt::format("next={}", ring.next);
}

template <typename V>
void add_table(const FakeHost& host, TableId id, Snapshot& snapshot) {
  const FakeTable& table = host.fake_table(id);
  for (const auto& [key, bytes] : table.raw()) {
    snapshot.lines.insert(fmt::format("{} {}: {}", table.shape().name, key_text(host, id, key),
                                      value_text(host, from_bytes<V>(bytes))));
  }
}

void add_tables(const FakeHost& host, Snapshot& snapshot) {
  add_table<abi::interface>(host, TableId::kInterfaces, snapshot);
  add_table<abi::network>(host, TableId::kNetworks, snapshot);
  for (const auto& [place, cached] :
       host.fake_table(TableId::kInterfaceCache).typed<std::uint32_t, abi::cached_interface>()) {
    if (cached.ifindex == 0) continue;
    snapshot.lines.insert(fmt::format("interface_cache {}: {}", host.name_of(cached.ifindex),
                                      value_text(host, cached.interface)));
  }
  add_table<abi::members>(host, TableId::kMembers, snapshot);
  add_table<abi::fdb_entry>(host, TableId::kFdb, snapshot);
  add_table<abi::learner>(host, TableId::kLearners, snapshot);
  add_table<abi::stats>(host, TableId::kStats, snapshot);
  add_table<abi::port_record>(host, TableId::kPortRecords, snapshot);
  add_table<abi::uplink_record>(host, TableId::kUplinkRecords, snapshot);
  add_table<abi::network_record>(host, TableId::kNetworkRecords, snapshot);
  add_table<abi::lease>(host, TableId::kLeases, snapshot);
  add_table<abi::gateway>(host, TableId::kGateways, snapshot);
  add_table<abi::address_entry>(host, TableId::kAddresses, snapshot);
  for (const auto& [key, network] :
       host.fake_table(TableId::kAllowed).typed<abi::allowed_key, std::uint32_t>())
    snapshot.lines.insert(fmt::format("allowed {}: {}/{}", device_name(host, key.ifindex),
                                      network_name(host, network), ipv4_text(key.address)));
  add_table<abi::nat_address>(host, TableId::kNatAddresses, snapshot);
  add_table<abi::nat_network>(host, TableId::kNatNetworks, snapshot);
  add_table<abi::nat_slot>(host, TableId::kNatSlots, snapshot);
  add_table<abi::nat_mapping>(host, TableId::kNatMappings, snapshot);
  add_table<abi::nat_bucket>(host, TableId::kNatSessions, snapshot);
  add_table<abi::nat_fragment>(host, TableId::kNatFragments, snapshot);
  add_table<abi::nat_ring>(host, TableId::kNatRings, snapshot);
  add_table<abi::nat_chunk>(host, TableId::kNatPorts, snapshot);
  add_table<abi::forward>(host, TableId::kForwards, snapshot);
  add_table<abi::route>(host, TableId::kRoutes, snapshot);
  for (const auto& [key, network] :
       host.fake_table(TableId::kVlans).typed<abi::vlan_key, std::uint32_t>()) {
    snapshot.lines.insert(fmt::format("vlans {}/{}: {}", host.name_of(key.uplink), key.vid,
                                      network_name(host, network)));
  }
  for (const auto& [vid, cached] :
       host.fake_table(TableId::kVlanCache).typed<std::uint32_t, abi::cached_vlan>()) {
    if (cached.uplink == 0) continue;
    snapshot.lines.insert(fmt::format("vlan_cache {}/{}: {}", host.name_of(cached.uplink), vid,
                                      network_name(host, cached.network)));
  }
  for (const auto& [key, target] :
       host.fake_table(TableId::kDevices).typed<std::uint32_t, std::uint32_t>()) {
    snapshot.lines.insert(fmt::format("devices {}: {}", host.name_of(key), host.name_of(target)));
  }
}

std::string link_text(const FakeDevice& device) {
  std::string text = fmt::format(
      "link {}: mtu={} promiscuous={} arp={} ipv6={}/{} forwards={} accepts_local={} "
      "multi_queue={}",
      device.link.name, device.link.mtu, device.link.is_promiscuous, device.link.noise.has_arp,
      device.link.noise.has_ipv6 ? std::to_string(*device.link.noise.has_ipv6) : "none",
      device.link.noise.address_mode, device.link.forwards, device.link.accepts_local,
      device.link.is_multi_queue);
  if (!device.link.alias.empty()) text += fmt::format(" alias={:?}", device.link.alias);
  for (const std::string& address : device.addresses) text += " " + address;
  if (device.has_backstop) text += " backstop";
  if (device.guarded)
    text += *device.guarded == HostAddresses::kIpv4Only ? " guarded=ipv4" : " guarded=ipv6";
  for (const auto& [feature, state] : device.features) {
    text += fmt::format(" {}={}", to_text(feature), state.is_on);
  }
  return text;
}

constexpr std::string_view kSevered = "severed";

std::string compare(const Snapshot& expected, const Snapshot& actual, bool may_be_safer) {
  std::string text;
  for (const std::string& line : expected.lines) {
    bool may_go = may_be_safer && line.ends_with(kSevered);
    if (!may_go && !actual.lines.contains(line)) text += "  - " + line + "\n";
  }
  for (const std::string& line : actual.lines) {
    if (!expected.lines.contains(line)) text += "  + " + line + "\n";
  }
  for (const auto& [name, is_up] : actual.is_up) {
    auto before = expected.is_up.find(name);
    bool differs = before != expected.is_up.end() && before->second != is_up;
    if (differs && (is_up || !may_be_safer)) text += fmt::format("  ~ {} up={}\n", name, is_up);
  }
  return text;
}

}  // namespace

Snapshot take_snapshot(const FakeHost& host) {
  Snapshot snapshot;
  for (const auto& [ifindex, device] : host.devices()) {
    snapshot.lines.insert(link_text(device));
    snapshot.is_up[device.link.name] = device.link.is_up;
  }
  for (const auto& [where, pin] : host.pins()) {
    bool is_live = *host.attachment(where.first, where.second) == Attachment::kLive;
    snapshot.lines.insert(fmt::format("pin {} {}: {} {}", host.name_of(where.first),
                                      hook_name(where.second), program_name(pin.program),
                                      is_live ? "live" : kSevered));
  }
  if (const auto ports = host.reserved_ports(); ports && ports->any())
    snapshot.lines.insert("reserved ports: " + format_ports(*ports));
  if (host.is_loaded()) add_tables(host, snapshot);
  return snapshot;
}

std::string difference(const Snapshot& expected, const Snapshot& actual) {
  return compare(expected, actual, false);
}

std::string difference_but_safer(const Snapshot& before, const Snapshot& after) {
  return compare(before, after, true);
}

std::string to_text(const Mac& mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3],
                     mac[4], mac[5]);
}

std::string key_text(const FakeHost& host, TableId id, std::span<const std::byte> key) {
  switch (id) {
    case TableId::kNetworks:
    case TableId::kMembers:
    case TableId::kGateways:
    case TableId::kNatNetworks:
    case TableId::kNatRings:
    case TableId::kNetworkRecords:
      return network_name(host, from_bytes<std::uint32_t>(key));
    case TableId::kNatPorts: {
      auto chunk = from_bytes<abi::nat_chunk_key>(key);
      return fmt::format("{}/{}/{}/{}/{}", network_name(host, chunk.network), chunk.range,
                         chunk.protocol, chunk.parity, chunk.chunk);
    }
    case TableId::kVlans: {
      auto vlan = from_bytes<abi::vlan_key>(key);
      return fmt::format("{}/{}", host.name_of(vlan.uplink), vlan.vid);
    }
    case TableId::kFdb: {
      auto fdb = from_bytes<abi::fdb_key>(key);
      return network_name(host, fdb.network) + "/" + mac_text(host, fdb.mac);
    }
    case TableId::kLearners: {
      auto learner = from_bytes<abi::learner_key>(key);
      return network_name(host, learner.network) + "/" + host.name_of(learner.ifindex);
    }
    case TableId::kAddresses: {
      auto address = from_bytes<abi::address_key>(key);
      return network_name(host, address.network) + "/" + ipv4_text(address.address);
    }
    case TableId::kNatAddresses:
      return ipv4_text(from_bytes<abi::address>(key));
    case TableId::kForwards:
    case TableId::kNatSlots: {
      auto slot = from_bytes<abi::nat_slot_key>(key);
      return fmt::format("{}:{}/{}", ipv4_text(slot.address), slot.port, slot.protocol);
    }
    case TableId::kNatMappings: {
      auto mapping = from_bytes<abi::nat_mapping_key>(key);
      return fmt::format("{}/{}:{}/{}", network_name(host, mapping.network),
                         ipv4_text(mapping.address), mapping.port, mapping.protocol);
    }
    case TableId::kNatSessions: {
      auto bucket = from_bytes<abi::nat_bucket_key>(key);
      return fmt::format("{}/{}", network_name(host, bucket.network), bucket.bucket);
    }
    case TableId::kNatFragments: {
      auto fragment = from_bytes<abi::nat_fragment_key>(key);
      return fmt::format("{} to {} id={}", ipv4_text(fragment.source),
                         ipv4_text(fragment.destination), fragment.id);
    }
    case TableId::kRoutes: {
      auto route = from_bytes<abi::route_key>(key);
      return fmt::format("{} {}/{}", route.kind, ipv4_text(route.address), route.prefix);
    }
    case TableId::kMeta:
      return fmt::format("{}", from_bytes<std::uint32_t>(key));
    default:
      return host.name_of(from_bytes<std::uint32_t>(key));
  }
}

}  // namespace xvnet::test
