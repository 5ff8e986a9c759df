// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/take_over.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "loader/base/text.h"
#include "loader/commands/port.h"
#include "loader/model/device.h"
#include "loader/model/lease.h"
#include "loader/model/port_addresses.h"
#include "loader/nat/state.h"

namespace xvnet {
namespace {

struct Wanted {
  bool mac = false;
  std::vector<Ipv4> addresses;
  bool is_nothing() const { return !mac && addresses.empty(); }
};

Wanted wanted_of(const abi::port_record& record, const PortRequest& request) {
  Wanted wanted;
  wanted.mac = request.mac && std::memcmp(record.mac, request.mac->data(), sizeof record.mac) == 0;
  for (const Ipv4 address : addresses_of(record))
    if (std::ranges::find(request.ips, address) != request.ips.end())
      wanted.addresses.push_back(address);
  return wanted;
}

abi::port_record without(const abi::port_record& record, const Wanted& wanted) {
  auto remaining = with_addresses(record, without(addresses_of(record), wanted.addresses));
  if (wanted.mac) std::memset(remaining.mac, 0, sizeof remaining.mac);
  return remaining;
}

// Writes the record last: an interrupted command leaves a port with less than its record says.
Result<void> give_up(Change& change, const Link& link, const abi::port_record& record,
                     const Wanted& wanted) {
  const auto remaining = without(record, wanted);
  if (wanted.mac) {
    XVNET_TRY(remove_static_mac(change, link.ifindex, record));
    XVNET_TRY(hold_addresses(change, link.ifindex, remaining));
  }
  if (!wanted.addresses.empty()) {
    XVNET_TRY(end_mappings(change, record.network, link.ifindex, wanted.addresses));
    XVNET_TRY(release_addresses(change, link.ifindex,
                                with_allowed(with_addresses(record, wanted.addresses), {})));
  }
  XVNET_TRY(provide_lease(change, link.ifindex, remaining, link.mtu));
  return change.put(change.tables().port_records, link.ifindex, remaining);
}

std::string in_words(const abi::port_record& record, const PortRequest& request,
                     const Wanted& wanted, std::string_view why) {
  std::string what;
  if (wanted.mac) what = format_mac(*request.mac);
  for (const Ipv4 address : wanted.addresses)
    what += (what.empty() ? "" : ", ") + format_ipv4(address);
  return fmt::format("{:?}: takes {} from port {:?}, which {}", request.device, what,
                     text_of(record.device.name), why);
}

}  // namespace

Result<std::vector<std::string>> take_over(Change& change, std::uint32_t network,
                                           const PortRequest& request) {
  std::vector<std::string> taken;
  XVNET_ASSIGN(ports, change.tables().port_records.entries());
  for (const auto& [ifindex, record] : ports) {
    const Wanted wanted = wanted_of(record, request);
    const bool is_another =
        record.network == network && text_of(record.device.name) != request.device;
    if (!is_another || wanted.is_nothing() || record.device.flags & abi::RECORD_HOST_SIDE) continue;
    XVNET_ASSIGN(link, change.host().find_link(ifindex));
    XVNET_ASSIGN(presence, presence_of(change.host(), ifindex, record.device));
    if (!link || presence != Presence::kHere) {
      XVNET_TRY(remove_port(change, ifindex, record, false));
      taken.push_back(in_words(record, request, wanted, "is gone"));
      continue;
    }
    if (link->has_carrier) continue;
    XVNET_TRY(give_up(change, *link, record, wanted));
    taken.push_back(in_words(record, request, wanted, "has no carrier"));
  }
  return taken;
}

}  // namespace xvnet
