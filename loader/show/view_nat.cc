// SPDX-License-Identifier: BSD-2-Clause
#include "loader/show/view_nat.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "loader/base/ip_address.h"
#include "loader/base/text.h"
#include "loader/model/records.h"

namespace xvnet {
namespace {

NatProtocol nat_protocol(std::uint8_t protocol) {
  switch (protocol) {
    case abi::NAT_UDP:
      return NatProtocol::kUdp;
    case abi::NAT_TCP:
      return NatProtocol::kTcp;
    default:
      return NatProtocol::kIcmp;
  }
}

NatState nat_state(std::uint8_t protocol, const abi::nat_slot& slot) {
  if (protocol != abi::NAT_TCP) return NatState::kLive;
  return slot.established ? NatState::kEstablished : NatState::kTransitory;
}

bool matches(const NatFilter& filter, const abi::nat_slot_key& key, const abi::nat_slot& slot) {
  const bool has_address = !filter.address || ipv4_of(key.address) == filter.address ||
                           ipv4_of(slot.inside) == filter.address;
  const bool has_port = !filter.port || key.port == filter.port || slot.port == filter.port;
  return has_address && has_port;
}

NatView view_of(const abi::nat_slot_key& key, const abi::nat_slot& slot, std::uint64_t now_ns) {
  const std::uint64_t now_s = now_ns / kNanosecondsPerSecond;
  return {.network = {},
          .protocol = nat_protocol(key.protocol),
          .inside_ip = format_ipv4(ipv4_of(slot.inside).value_or(Ipv4{})),
          .inside_port = slot.port,
          .outside_ip = format_ipv4(ipv4_of(key.address).value_or(Ipv4{})),
          .outside_port = key.port,
          .state = nat_state(key.protocol, slot),
          .age_s = now_s > slot.created_s ? now_s - slot.created_s : 0,
          .left_s = (slot.expires_ns - now_ns) / kNanosecondsPerSecond,
          .sent = slot.bytes_out,
          .received = slot.bytes_in};
}

auto order_of(const NatView& view) {
  return std::tie(view.network, view.protocol, view.inside_ip, view.inside_port, view.outside_port);
}

}  // namespace

Result<std::vector<NatView>> view_nat(const Host& host, Tables& tables, const NatFilter& filter) {
  if (!filter.network.empty()) {
    XVNET_ASSIGN(network, find_network(tables, filter.network));
    if (!network)
      return fail(
          fmt::format("show public ports of network {:?}: it does not exist", filter.network));
  }
  XVNET_ASSIGN(records, tables.network_records.entries());
  const std::map networks(records.begin(), records.end());
  XVNET_ASSIGN(slots, tables.nat_slots.entries());
  const std::uint64_t now_ns = host.monotonic_ns();
  std::vector<NatView> views;
  for (const auto& [key, slot] : slots) {
    const auto network = networks.find(slot.network);
    // A slot that is free or being claimed has an expiry time in the past.
    if (network == networks.end() || slot.expires_ns <= now_ns) continue;
    if (slot.expires_ns == NAT_SLOT_FORWARD) continue;
    if (!matches(filter, key, slot)) continue;
    NatView view = view_of(key, slot, now_ns);
    view.network = text_of(network->second.name);
    if (filter.network.empty() || view.network == filter.network) views.push_back(std::move(view));
  }
  std::ranges::sort(views, [](const auto& a, const auto& b) { return order_of(a) < order_of(b); });
  return views;
}

}  // namespace xvnet
