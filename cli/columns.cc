// SPDX-License-Identifier: BSD-2-Clause
#include "cli/columns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "cli/parse.h"
#include "loader/base/text.h"
#include "loader/model/forward_request.h"

namespace xvnet::cli {

namespace {

constexpr Align kRight = Align::kRight;

// The names of enums, in their order.
template <typename Enum, std::size_t N>
std::string name_in(const char* const (&names)[N], Enum value) {
  return names[static_cast<std::size_t>(value)];
}

std::string name_of(PortKind kind) { return name_in({"tap", "veth", "other"}, kind); }
std::string name_of(DeviceState state) {
  return name_in({"up", "down", "gone", "severed", "incomplete"}, state);
}
std::string name_of(Carrier carrier) {
  return name_in({"up", "no-carrier", "no-vm", "down", "gone"}, carrier);
}
std::string name_of(NetworkKind kind) {
  return name_in({"vlan", "untagged", "nat", "host-only"}, kind);
}
std::string name_of(FdbKind kind) { return name_in({"learned", "static", "host"}, kind); }
std::string name_of(LeaseState state) {
  return name_in({"unused", "offered", "bound", "released", "declined"}, state);
}
std::string name_of(NatProtocol protocol) { return name_in({"icmp", "tcp", "udp"}, protocol); }
std::string name_of(NatState state) {
  return name_in({"live", "established", "transitory"}, state);
}
std::string name_of(Health health) { return name_in({"ok", "warn", "fail"}, health); }
std::string name_of(Mode mode) { return format_mode(mode); }
std::string name_of(ForwardProtocol protocol) { return format_protocol(protocol); }
std::string name_of(SnatFilter filter) { return format_snat_filter(filter); }

template <typename T>
Json json_of(const T& value) {
  if constexpr (std::is_enum_v<T>)
    return name_of(value);
  else
    return value;
}
Json json_of(const Mac& mac) { return format_mac(mac); }
Json json_of(const AllowedView& allowed) {
  return {{"ip", allowed.address}, {"here", allowed.is_here}};
}
Json json_of(const SnatView& range) {
  return {
      {"address", range.address}, {"first_port", range.first_port}, {"last_port", range.last_port}};
}
template <typename T>
Json json_of(const std::optional<T>& value) {
  return value ? json_of(*value) : Json(nullptr);
}
template <typename T>
Json json_of(const std::vector<T>& values) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(json_of(value));
  return array;
}

std::string join(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, ","));
}

std::string cell_of(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  return value.is_array() ? join(value.get<std::vector<std::string>>()) : value.dump();
}

// A column of a member.
template <typename View, typename Member>
Column<View> column(std::string_view key, Member View::* member) {
  Column<View> column;
  column.key = key;
  column.value = [member](const View& view) { return json_of(view.*member); };
  column.cell = [member](const View& view) { return cell_of(json_of(view.*member)); };
  return column;
}

// A column that is only in the texts.
template <typename View>
Column<View> text_column(std::string (*cell)(const View& view)) {
  Column<View> column;
  column.cell = cell;
  return column;
}

template <typename View>
Column<View> in_table(std::string_view title, Place place, Column<View> column) {
  column.title = title;
  column.table = place;
  return column;
}

template <typename View>
Column<View> in_brief(Place place, Column<View> column) {
  column.brief = place;
  return column;
}

// An empty text or a zero is null in JSON.
template <typename View>
Column<View> or_null(Column<View> column) {
  column.value = [value = column.value](const View& view) {
    Json json = value(view);
    return json == "" || json == 0 ? Json(nullptr) : json;
  };
  return column;
}

template <typename View>
Column<View> in_seconds(Column<View> column) {
  column.cell = [cell = column.cell](const View& view) {
    const std::string number = cell(view);
    return number.empty() ? number : number + 's';
  };
  return column;
}

// The port's own addresses, and the shared ones that it has at present.
std::string addresses_cell(const PortView& port) {
  auto addresses = port.ips;
  for (const auto& each : port.allowed)
    if (each.is_here) addresses.push_back(each.address);
  return join(addresses);
}

// "xv-lab 10.5.0.1/24,2001:db8::1/64"
std::string host_cell(const NetworkView& network) {
  if (network.host_addresses.empty()) return network.host_interface;
  return network.host_interface + ' ' + join(network.host_addresses);
}

// "203.0.113.5:28672-32767"
std::string snat_cell(const NetworkView& network) {
  std::vector<std::string> cells;
  cells.reserve(network.snat.size());
  for (const auto& range : network.snat)
    cells.push_back(fmt::format("{}:{}-{}", range.address, range.first_port, range.last_port));
  return join(cells);
}

struct Reason {
  std::string name;
  abi::fate fate;
  std::string text;
};

std::string lower(std::string_view name) {
  std::string text(name);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

Reason reason_of(abi::reason reason) {
  switch (reason) {
#define REASON(name, number, fate, text) \
  case abi::REASON_##name:               \
    return {lower(#name), abi::FATE_##fate, text};
#include "maps/reasons.def"
#undef REASON
    default:
      return {std::to_string(reason), abi::FATE_DROPPED, ""};
  }
}

// Counts dropped frames only; frames that are only noted were carried.
std::string drops_cell(const DirectionView& direction) {
  std::uint64_t total = 0;
  for (const auto& drop : named_drops(direction))
    if (drop.fate == abi::FATE_DROPPED) total += drop.count;
  return std::to_string(total);
}

}  // namespace

std::vector<NamedDrop> named_drops(const DirectionView& direction) {
  std::vector<NamedDrop> drops;
  for (const auto& [reason, count] : direction.drops) {
    auto [name, fate, text] = reason_of(reason);
    drops.push_back({std::move(name), fate, std::move(text), count});
  }
  std::ranges::sort(drops, {}, &NamedDrop::name);
  return drops;
}

std::string peer_name(const StatsView& stats) { return stats.is_uplink ? "uplink" : "vm"; }

std::string health_name(Health health) { return name_of(health); }

const Columns<PortView>& columns_of(const PortView&) {
  using V = PortView;
  static const Columns<V> columns = {
      in_table("NAME", {1}, in_brief({1}, column("name", &V::name))),
      column("ifindex", &V::ifindex),
      in_table("KIND", {2}, column("kind", &V::kind)),
      in_table("NETWORK", {3}, in_brief({3}, column("network", &V::network))),
      in_table("VLAN", {4, kRight}, column("vlan", &V::vid)),
      in_table("MODE", {5}, in_brief({4}, column("mode", &V::mode))),
      column("mode_asked", &V::mode_asked),
      in_table("WHY", {11}, column("why", &V::why)),
      in_table("STATE", {6}, in_brief({2}, column("state", &V::state))),
      in_table("CARRIER", {7}, column("carrier", &V::carrier)),
      in_table("MAC", {9}, column("mac", &V::mac)),
      column("max_macs", &V::max_macs),
      column("macs", &V::macs),
      in_table("MACS", {8, kRight}, text_column<V>([](const V& port) {
                 return fmt::format("{}/{}", port.macs, port.max_macs);
               })),
      column("created", &V::created),
      column("ip", &V::ips),
      column("allow", &V::allowed),
      in_table("IP", {10}, text_column<V>(addresses_cell)),
      or_null(column("hostname", &V::host_name)),
  };
  return columns;
}

const Columns<NetworkView>& columns_of(const NetworkView&) {
  using V = NetworkView;
  static const Columns<V> columns = {
      in_table("NAME", {1}, in_brief({1}, column("name", &V::name))),
      column("id", &V::id),
      in_table("KIND", {2}, in_brief({2}, column("kind", &V::kind))),
      in_table("VLAN", {3, kRight}, in_brief({3}, column("vlan", &V::vid))),
      in_table("UPLINK", {4}, or_null(column("uplink", &V::uplink))),
      in_table("PORTS", {11}, in_brief({4}, column("ports", &V::ports))),
      in_table("AGEING", {5, kRight}, in_seconds(column("ageing", &V::ageing_s))),
      or_null(column("host_interface", &V::host_interface)),
      column("host_addresses", &V::host_addresses),
      in_table("HOST", {6}, text_column<V>(host_cell)),
      column("implicit", &V::implicit),
      in_table("SUBNET", {7}, or_null(column("subnet", &V::subnet))),
      in_table("GATEWAY", {8}, or_null(column("gateway", &V::gateway))),
      in_table("ROUTER", {9}, or_null(column("router", &V::router))),
      column("dhcp", &V::dhcp),
      column("dns", &V::dns),
      column("snat", &V::snat),
      in_table("SNAT", {10}, text_column<V>(snat_cell)),
      column("snat_filter", &V::snat_filter),
      column("snat_exceptions", &V::snat_exceptions),
  };
  return columns;
}

const Columns<UplinkView>& columns_of(const UplinkView&) {
  using V = UplinkView;
  static const Columns<V> columns = {
      in_table("NAME", {1}, in_brief({1}, column("name", &V::name))),
      column("ifindex", &V::ifindex),
      in_table("MODE", {2}, in_brief({4}, column("mode", &V::mode))),
      column("mode_asked", &V::mode_asked),
      in_table("WHY", {7}, column("why", &V::why)),
      in_table("VLANS", {5}, in_brief({3}, column("vlans", &V::vlans))),
      in_table("NETWORKS", {6}, column("networks", &V::networks)),
      in_table("STATE", {3}, in_brief({2}, column("state", &V::state))),
      in_table("CARRIER", {4}, column("carrier", &V::carrier)),
  };
  return columns;
}

const Columns<FdbView>& columns_of(const FdbView&) {
  using V = FdbView;
  static const Columns<V> columns = {
      in_table("NETWORK", {1}, in_brief({1}, column("network", &V::network))),
      in_table("MAC", {2}, in_brief({2}, column("mac", &V::mac))),
      in_table("DEV", {3}, in_brief({3}, column("dev", &V::device))),
      in_table("KIND", {4}, in_brief({4}, column("kind", &V::kind))),
      in_table("AGE", {5, kRight}, in_seconds(column("age", &V::age_s))),
  };
  return columns;
}

const Columns<LeaseView>& columns_of(const LeaseView&) {
  using V = LeaseView;
  static const Columns<V> columns = {
      in_table("IP", {1}, in_brief({1}, column("ip", &V::ip))),
      in_table("NETWORK", {2}, in_brief({2}, column("network", &V::network))),
      in_table("DEV", {3}, in_brief({3}, column("dev", &V::device))),
      in_table("STATE", {4}, in_brief({4}, column("state", &V::state))),
      in_table("MAC", {5}, column("mac", &V::mac)),
      in_table("AGE", {6, kRight}, in_seconds(column("age", &V::age_s))),
  };
  return columns;
}

const Columns<NatView>& columns_of(const NatView&) {
  using V = NatView;
  static const Columns<V> columns = {
      in_table("NETWORK", {1}, in_brief({1}, column("network", &V::network))),
      in_table("PROTOCOL", {2}, in_brief({2}, column("protocol", &V::protocol))),
      column("inside_ip", &V::inside_ip),
      column("inside_port", &V::inside_port),
      in_table("INSIDE", {3}, in_brief({3}, text_column<V>([](const V& entry) {
                                         return fmt::format("{}:{}", entry.inside_ip,
                                                            entry.inside_port);
                                       }))),
      column("outside_ip", &V::outside_ip),
      column("outside_port", &V::outside_port),
      in_table("OUTSIDE", {4}, in_brief({4}, text_column<V>([](const V& entry) {
                                          return fmt::format("{}:{}", entry.outside_ip,
                                                             entry.outside_port);
                                        }))),
      in_table("STATE", {5}, in_brief({5}, column("state", &V::state))),
      in_table("AGE", {6, kRight}, in_seconds(column("age", &V::age_s))),
      in_table("LEFT", {7, kRight}, in_seconds(column("left", &V::left_s))),
      in_table("SENT", {8, kRight}, column("sent", &V::sent)),
      in_table("RECEIVED", {9, kRight}, column("received", &V::received)),
  };
  return columns;
}

const Columns<ForwardView>& columns_of(const ForwardView&) {
  using V = ForwardView;
  static const Columns<V> columns = {
      in_table("NETWORK", {1}, in_brief({1}, column("network", &V::network))),
      in_table("PROTOCOL", {2}, in_brief({2}, column("protocol", &V::protocol))),
      column("outside_ip", &V::outside_ip),
      or_null(column("outside_port", &V::outside_port)),
      in_table("OUTSIDE", {3}, in_brief({3}, text_column<V>([](const V& forward) {
                                          return format_endpoint(forward.outside_ip,
                                                                 forward.outside_port,
                                                                 forward.ports);
                                        }))),
      column("inside_ip", &V::inside_ip),
      or_null(column("inside_port", &V::inside_port)),
      in_table("INSIDE", {4}, in_brief({4}, text_column<V>([](const V& forward) {
                                         return format_endpoint(forward.inside_ip,
                                                                forward.inside_port, forward.ports);
                                       }))),
      column("ports", &V::ports),
      in_table("DEV", {5}, in_brief({5}, or_null(column("dev", &V::device)))),
      in_table("SENT", {6, kRight}, column("sent", &V::sent)),
      in_table("RECEIVED", {7, kRight}, column("received", &V::received)),
  };
  return columns;
}

// JSON and the full text depend on the kind of the device; see render.cc.
const Columns<StatsView>& columns_of(const StatsView&) {
  using V = StatsView;
  static const Columns<V> columns = {
      in_brief({1}, column("name", &V::name)),
      in_brief({2, kRight},
               text_column<V>([](const V& view) { return std::to_string(view.from.packets); })),
      in_brief({3, kRight},
               text_column<V>([](const V& view) { return std::to_string(view.from.bytes); })),
      in_brief({4, kRight}, text_column<V>([](const V& view) { return drops_cell(view.from); })),
      in_brief({5, kRight},
               text_column<V>([](const V& view) { return std::to_string(view.to.packets); })),
      in_brief({6, kRight},
               text_column<V>([](const V& view) { return std::to_string(view.to.bytes); })),
      in_brief({7, kRight}, text_column<V>([](const V& view) { return drops_cell(view.to); })),
  };
  return columns;
}

const Columns<Finding>& columns_of(const Finding&) {
  using V = Finding;
  static const Columns<V> columns = {
      in_brief({2}, column("check", &V::check)),
      in_brief({1}, column("status", &V::health)),
      column("detail", &V::detail),
      column("fix", &V::fix),
  };
  return columns;
}

}  // namespace xvnet::cli
