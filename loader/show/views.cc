// SPDX-License-Identifier: BSD-2-Clause
#include "loader/show/views.h"

#include <fmt/format.h>

#include <algorithm>

#include "loader/base/interface.h"
#include "loader/base/text.h"
#include "loader/model/binding.h"
#include "loader/model/device.h"
#include "loader/model/host_side.h"
#include "loader/model/records.h"
#include "maps/reasons.h"

namespace xvnet {
namespace {

// Whether frames can pass. A TAP has no carrier unless a process has it open.
Result<Carrier> carrier_of(const Host& host, std::uint32_t ifindex, DeviceState state) {
  XVNET_ASSIGN(link, host.find_link(ifindex));
  if (!link || state == DeviceState::kGone || state == DeviceState::kSevered) return Carrier::kGone;
  if (!link->is_up) return Carrier::kDown;
  if (link->has_carrier) return Carrier::kUp;
  return link->kind == LinkKind::kTap ? Carrier::kNoVm : Carrier::kNoCarrier;
}

std::string name_of(const Host& host, std::uint32_t ifindex, const abi::device_record& record) {
  return present_name(host, ifindex, record).value_or(text_of(record.name));
}

PortKind port_kind(std::uint16_t kind) {
  if (kind == abi::DEVICE_TAP) return PortKind::kTap;
  return kind == abi::DEVICE_VETH ? PortKind::kVeth : PortKind::kOther;
}

bool is_learned(const abi::fdb_entry& entry) { return entry.slot < MAX_LEARNER_SLOTS; }

// Returns the age in seconds, or nothing if the entry has aged.
std::optional<std::uint64_t> age_of(const abi::fdb_entry& entry, const abi::network& network,
                                    std::uint64_t now_ns) {
  const std::uint64_t age_ns = now_ns > entry.last_seen_ns ? now_ns - entry.last_seen_ns : 0;
  if (age_ns > network.ageing_ns) return std::nullopt;
  return age_ns / kNanosecondsPerSecond;
}

// Looks up each record's network. A listing of `networks`, opened for reading, would copy all its
// elements, which are far more than there are networks.
Result<std::map<std::uint32_t, abi::network>> all_networks(Tables& tables) {
  std::map<std::uint32_t, abi::network> networks;
  XVNET_ASSIGN(records, tables.network_records.entries());
  for (const auto& [id, record] : records) {
    XVNET_ASSIGN(network, tables.networks.find(id));
    if (network) networks.emplace(id, *network);
  }
  return networks;
}

using LearnedCounts = std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t>;

// Counts by network id and ifindex.
Result<LearnedCounts> count_learned(const Host& host, Tables& tables) {
  LearnedCounts counts;
  XVNET_ASSIGN(entries, tables.fdb.entries());
  XVNET_ASSIGN(networks, all_networks(tables));
  for (const auto& [key, entry] : entries) {
    const auto network = networks.find(key.network);
    if (!is_learned(entry) || network == networks.end()) continue;
    if (age_of(entry, network->second, host.monotonic_ns())) counts[{key.network, entry.ifindex}]++;
  }
  return counts;
}

DirectionView view_of(const abi::direction_stats& direction) {
  DirectionView view{.packets = direction.packets, .bytes = direction.bytes, .drops = {}};
#define REASON(name, number, fate, text) \
  if (direction.reasons[number]) view.drops[abi::REASON_##name] = direction.reasons[number];
#include "maps/reasons.def"
#undef REASON
  return view;
}

std::vector<SnatView> view_of(const abi::nat_network& network) {
  std::vector<SnatView> views;
  for (const auto& range : ranges_of(network))
    views.push_back({format_ipv4(ipv4_of(range.address).value_or(Ipv4{})), range.first,
                     static_cast<std::uint16_t>(range.first + range.count - 1)});
  return views;
}

NetworkKind kind_of(const abi::network_record& record) {
  if (record.flags & abi::RECORD_UNTAGGED) return NetworkKind::kUntagged;
  if (record.vid) return NetworkKind::kVlan;
  return has_snat(record) ? NetworkKind::kNat : NetworkKind::kHostOnly;
}

Result<NetworkView> view_network(const Host& host, Tables& tables, std::uint32_t id,
                                 const abi::network_record& record) {
  NetworkView view{};
  view.name = text_of(record.name);
  view.id = id;
  view.implicit = record.flags & abi::RECORD_IMPLICIT;
  view.kind = kind_of(record);
  if (record.vid) view.vid = record.vid;
  view.ageing_s = record.ageing_s;
  XVNET_ASSIGN(uplink, bound_uplink_name(tables, host, id));
  view.uplink = uplink;
  for (std::size_t i = 0; i < record.address_count; ++i)
    view.host_addresses.push_back(text_of(record.addresses[i]));
  if (const auto subnet = subnet_of(record)) view.subnet = format_subnet(*subnet);
  if (const auto gateway = ipv4_of(record.gateway)) view.gateway = format_ipv4(*gateway);
  view.router = text_of(record.router);
  view.dhcp = record.flags & abi::RECORD_DHCP;
  for (std::size_t i = 0; i < record.dns_count; ++i)
    view.dns.push_back(format_ipv4(ipv4_of(record.dns[i]).value_or(Ipv4{})));
  if (has_snat(record)) view.snat_filter = snat_filter(record);
  for (const Subnet& prefix : snat_exceptions(record))
    view.snat_exceptions.push_back(format_subnet(prefix));
  XVNET_ASSIGN(nat, tables.nat_networks.find(id));
  if (nat) view.snat = view_of(*nat);
  if (record.address_count) view.host_interface = host_interface_name(view.name);
  XVNET_ASSIGN(ports, tables.port_records.entries());
  for (const auto& [ifindex, port] : ports)
    if (port.network == id && !(port.device.flags & abi::RECORD_HOST_SIDE))
      view.ports.push_back(name_of(host, ifindex, port.device));
  std::ranges::sort(view.ports);
  return view;
}

Result<std::vector<AllowedView>> view_allowed(Tables& tables, std::uint32_t ifindex,
                                              const abi::port_record& record) {
  std::vector<AllowedView> views;
  for (const Ipv4 address : allowed_of(record)) {
    XVNET_ASSIGN(entry, tables.addresses.find({record.network, to_abi(address)}));
    views.push_back({format_ipv4(address), entry && entry->ifindex == ifindex});
  }
  return views;
}

}  // namespace

Result<DeviceState> state_of(const Host& host, std::uint32_t ifindex,
                             const abi::device_record& record, const ProgramSet& programs) {
  XVNET_ASSIGN(presence, presence_of(host, ifindex, record));
  if (presence == Presence::kGone) return DeviceState::kGone;
  if (presence == Presence::kReplaced) return DeviceState::kSevered;
  XVNET_ASSIGN(ingress, host.attachment(ifindex, Hook::kTcIngress));
  XVNET_ASSIGN(xdp, host.attachment(ifindex, Hook::kXdp));
  XVNET_ASSIGN(egress, host.attachment(ifindex, Hook::kTcEgress));
  const bool lacks_xdp = record.mode == abi::MODE_XDP && xdp != Attachment::kLive;
  const bool lacks_egress = programs.egress && egress != Attachment::kLive;
  if (record.state != abi::RECORD_COMPLETE || ingress != Attachment::kLive || lacks_xdp ||
      lacks_egress)
    return DeviceState::kIncomplete;
  XVNET_ASSIGN(link, host.find_link(ifindex));
  return link && link->is_up ? DeviceState::kUp : DeviceState::kDown;
}

Result<std::vector<PortView>> view_ports(const Host& host, Tables& tables) {
  std::vector<PortView> views;
  XVNET_ASSIGN(records, tables.port_records.entries());
  XVNET_ASSIGN(learned, count_learned(host, tables));
  for (const auto& [ifindex, record] : records) {
    if (record.device.flags & abi::RECORD_HOST_SIDE) continue;
    XVNET_ASSIGN(network, tables.network_records.find(record.network));
    XVNET_ASSIGN(state, state_of(host, ifindex, record.device, kPortPrograms));
    PortView view{};
    view.name = name_of(host, ifindex, record.device);
    view.ifindex = ifindex;
    view.kind = port_kind(record.device.kind);
    if (network) view.network = text_of(network->name);
    if (network && network->vid) view.vid = network->vid;
    view.mode = mode_of(record.device.mode);
    view.mode_asked = mode_of(record.device.mode_asked);
    view.why = text_of(record.device.why);
    view.state = state;
    XVNET_ASSIGN(carrier, carrier_of(host, ifindex, state));
    view.carrier = carrier;
    Mac mac{};
    std::memcpy(mac.data(), record.mac, sizeof record.mac);
    if (mac != Mac{}) view.mac = mac;
    for (const Ipv4 address : addresses_of(record)) view.ips.push_back(format_ipv4(address));
    XVNET_ASSIGN(allowed, view_allowed(tables, ifindex, record));
    view.allowed = std::move(allowed);
    view.host_name = text_of(record.host_name);
    view.max_macs = record.max_macs;
    view.macs = learned[{record.network, ifindex}];
    view.created = record.device.flags & abi::RECORD_CREATED;
    views.push_back(std::move(view));
  }
  std::ranges::sort(views, {}, &PortView::name);
  return views;
}

Result<std::vector<NetworkView>> view_networks(const Host& host, Tables& tables) {
  std::vector<NetworkView> views;
  XVNET_ASSIGN(records, tables.network_records.entries());
  for (const auto& [id, record] : records) {
    XVNET_ASSIGN(view, view_network(host, tables, id, record));
    views.push_back(std::move(view));
  }
  std::ranges::sort(views, {}, &NetworkView::name);
  return views;
}

Result<std::vector<UplinkView>> view_uplinks(const Host& host, Tables& tables) {
  std::vector<UplinkView> views;
  XVNET_ASSIGN(records, tables.uplink_records.entries());
  XVNET_ASSIGN(networks, all_networks(tables));
  for (const auto& [ifindex, record] : records) {
    XVNET_ASSIGN(state, state_of(host, ifindex, record.device, kUplinkPrograms));
    UplinkView view{};
    view.name = name_of(host, ifindex, record.device);
    view.ifindex = ifindex;
    view.mode = mode_of(record.device.mode);
    view.mode_asked = mode_of(record.device.mode_asked);
    view.why = text_of(record.device.why);
    view.vlans = record.device.flags & abi::RECORD_ALL_VLANS ? "all" : format_vids(vids_of(record));
    view.state = state;
    XVNET_ASSIGN(carrier, carrier_of(host, ifindex, state));
    view.carrier = carrier;
    for (const auto& [id, network] : networks) {
      XVNET_ASSIGN(network_record, tables.network_records.find(id));
      if (network.uplink == ifindex && network_record)
        view.networks.push_back(text_of(network_record->name));
    }
    std::ranges::sort(view.networks);
    views.push_back(std::move(view));
  }
  std::ranges::sort(views, {}, &UplinkView::name);
  return views;
}

Result<std::vector<FdbView>> view_fdb(const Host& host, Tables& tables) {
  std::vector<FdbView> views;
  XVNET_ASSIGN(entries, tables.fdb.entries());
  for (const auto& [key, entry] : entries) {
    XVNET_ASSIGN(network, tables.networks.find(key.network));
    XVNET_ASSIGN(record, tables.network_records.find(key.network));
    if (!network || !record) continue;
    const auto age = age_of(entry, *network, host.monotonic_ns());
    if (is_learned(entry) && !age) continue;
    XVNET_ASSIGN(link, host.find_link(entry.ifindex));
    FdbView view{};
    view.network = text_of(record->name);
    std::memcpy(view.mac.data(), key.mac, sizeof key.mac);
    view.device = link ? link->name : fmt::format("ifindex {}", entry.ifindex);
    view.kind = is_learned(entry)                    ? FdbKind::kLearned
                : entry.slot == abi::FDB_SLOT_STATIC ? FdbKind::kStatic
                                                     : FdbKind::kHost;
    if (is_learned(entry)) view.age_s = age;
    views.push_back(std::move(view));
  }
  std::ranges::sort(views, {},
                    [](const FdbView& view) { return std::pair(view.network, view.mac); });
  return views;
}

Result<std::vector<StatsView>> view_stats(const Host& host, Tables& tables,
                                          std::string_view device) {
  std::vector<StatsView> views;
  XVNET_ASSIGN(named, host.find_link(device));
  const auto add = [&](std::uint32_t ifindex, const abi::device_record& record,
                       bool is_uplink) -> Result<void> {
    const std::string name = name_of(host, ifindex, record);
    XVNET_ASSIGN(meant, is_device(host, ifindex, record, device, named));
    if (!device.empty() && !meant) return {};
    XVNET_ASSIGN(stats, find_counters(tables, ifindex));
    if (stats) views.push_back({name, is_uplink, view_of(stats->from), view_of(stats->to)});
    return {};
  };
  XVNET_ASSIGN(ports, tables.port_records.entries());
  for (const auto& [ifindex, record] : ports) XVNET_TRY(add(ifindex, record.device, false));
  XVNET_ASSIGN(uplinks, tables.uplink_records.entries());
  for (const auto& [ifindex, record] : uplinks) XVNET_TRY(add(ifindex, record.device, true));
  if (!device.empty() && views.empty())
    return fail(fmt::format("show counters of {:?}: it is neither port nor uplink", device));
  std::ranges::sort(views, {},
                    [](const StatsView& view) { return std::pair(view.is_uplink, view.name); });
  return views;
}

}  // namespace xvnet
