// SPDX-License-Identifier: BSD-2-Clause
#include "loader/show/view_forwards.h"

#include <algorithm>
#include <tuple>

#include "loader/base/ip_address.h"
#include "loader/base/text.h"
#include "loader/model/forward_request.h"

namespace xvnet {
namespace {

Result<void> add_bytes(ForwardView& view, Tables& tables, abi::nat_slot_key key) {
  for (std::uint16_t at = 0; at < view.ports; ++at, ++key.port) {
    XVNET_ASSIGN(slot, tables.nat_slots.find(key));
    if (!slot) continue;
    view.sent += slot->bytes_out;
    view.received += slot->bytes_in;
  }
  return {};
}

Result<std::string> owner_of(Tables& tables, const abi::forward& forward) {
  XVNET_ASSIGN(entry,
               tables.addresses.find({.network = forward.network, .address = forward.inside}));
  if (!entry) return std::string();
  XVNET_ASSIGN(port, tables.port_records.find(entry->ifindex));
  return port ? text_of(port->device.name) : std::string();
}

// By the protocol's name.
auto order_of(const ForwardView& view) {
  return std::tuple(view.network, std::string_view(format_protocol(view.protocol)), view.outside_ip,
                    view.outside_port);
}

}  // namespace

Result<std::vector<ForwardView>> view_forwards(Tables& tables) {
  std::vector<ForwardView> views;
  XVNET_ASSIGN(forwards, tables.forwards.entries());
  for (const auto& [key, forward] : forwards) {
    XVNET_ASSIGN(network, tables.network_records.find(forward.network));
    if (!network || forward.state != abi::RECORD_COMPLETE) continue;
    const auto request = forward_request(key, forward, text_of(network->name));
    XVNET_ASSIGN(device, owner_of(tables, forward));
    ForwardView view{.network = request.network,
                     .protocol = request.protocol,
                     .outside_ip = format_ipv4(request.outside),
                     .outside_port = request.outside_port,
                     .inside_ip = format_ipv4(request.inside),
                     .inside_port = request.inside_port,
                     .ports = request.count,
                     .device = device};
    XVNET_TRY(add_bytes(view, tables, key));
    views.push_back(std::move(view));
  }
  std::ranges::sort(views, [](const auto& a, const auto& b) { return order_of(a) < order_of(b); });
  return views;
}

}  // namespace xvnet
