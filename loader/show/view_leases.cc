// SPDX-License-Identifier: BSD-2-Clause
#include "loader/show/view_leases.h"

#include <algorithm>

#include "loader/base/ip_address.h"
#include "loader/base/text.h"

namespace xvnet {
namespace {

LeaseState lease_state(std::uint32_t state) {
  switch (state) {
    case abi::LEASE_OFFERED:
      return LeaseState::kOffered;
    case abi::LEASE_BOUND:
      return LeaseState::kBound;
    case abi::LEASE_RELEASED:
      return LeaseState::kReleased;
    case abi::LEASE_DECLINED:
      return LeaseState::kDeclined;
    default:
      return LeaseState::kUnused;
  }
}

}  // namespace

Result<std::vector<LeaseView>> view_leases(const Host& host, Tables& tables) {
  std::vector<LeaseView> views;
  XVNET_ASSIGN(leases, tables.leases.entries());
  for (const auto& [ifindex, lease] : leases) {
    XVNET_ASSIGN(port, tables.port_records.find(ifindex));
    if (!port) continue;
    XVNET_ASSIGN(network, tables.network_records.find(port->network));
    LeaseView view{};
    view.ip = format_ipv4(ipv4_of(lease.address).value_or(Ipv4{}));
    if (network) view.network = text_of(network->name);
    view.device = text_of(port->device.name);
    view.state = lease_state(lease.state);
    if (lease.acked_ns) {
      const std::uint64_t now = host.monotonic_ns();
      view.mac = std::to_array(lease.client);
      view.age_s = (now > lease.acked_ns ? now - lease.acked_ns : 0) / kNanosecondsPerSecond;
    }
    views.push_back(std::move(view));
  }
  std::ranges::sort(views, {},
                    [](const LeaseView& view) { return std::pair(view.network, view.device); });
  return views;
}

}  // namespace xvnet
