// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/port_change.h"

#include <algorithm>

#include "loader/base/text.h"
#include "loader/commands/port.h"
#include "loader/commands/repair.h"
#include "loader/commands/take_over.h"
#include "loader/model/binding.h"
#include "loader/model/device.h"
#include "loader/model/port_addresses.h"
#include "loader/nat/state.h"

namespace xvnet {
namespace {

abi::port_record wanted_record(const abi::port_record& record, const Link& link,
                               const PortRequest& request) {
  auto wanted = with_allowed(request.ips.empty() ? record : with_addresses(record, request.ips),
                             request.allowed);
  const Mac mac = request.mac.value_or(Mac{});
  std::memcpy(wanted.mac, mac.data(), sizeof wanted.mac);
  set_text(wanted.host_name, request.host_name);
  wanted.max_macs = request.max_macs.value_or(kDefaultMaxMacs);
  if (!request.mtu) return wanted;
  // An MTU that xvnet did not set is the operator's, and is restored later.
  if (link.mtu != record.device.mtu)
    wanted.device.former_mtu = static_cast<std::uint16_t>(link.mtu);
  if (!*request.mtu) wanted.device.former_mtu = 0;
  wanted.device.mtu = *request.mtu;
  return wanted;
}

// Checks only the new addresses; the port already has the others.
Result<void> check_added(Change& change, const abi::port_record& record, PortRequest request) {
  request.ips = without(request.ips, addresses_of(record));
  XVNET_ASSIGN(network, change.tables().network_records.find(record.network));
  if (!network) return {};
  XVNET_TRY(check_allowed(change, {record.network, *network}, request));
  if (request.ips.empty()) return {};
  const auto chosen = choose_addresses(change, {record.network, *network}, request);
  return chosen ? Result<void>{} : std::unexpected(chosen.error());
}

// Ends the mappings of an address that the port loses: otherwise the next owner would receive
// replies meant for this port.
Result<void> give_up(Change& change, std::uint32_t ifindex, const abi::port_record& record,
                     const abi::port_record& wanted) {
  if (std::memcmp(record.mac, wanted.mac, sizeof record.mac) != 0)
    XVNET_TRY(remove_static_mac(change, ifindex, record));
  const auto removed = without(addresses_of(record), addresses_of(wanted));
  const auto forbidden = without(allowed_of(record), allowed_of(wanted));
  if (removed.empty() && forbidden.empty()) return {};
  XVNET_TRY(end_mappings(change, record.network, ifindex, removed));
  XVNET_TRY(end_mappings(change, record.network, ifindex, forbidden));
  return release_addresses(change, ifindex,
                           with_allowed(with_addresses(record, removed), forbidden));
}

}  // namespace

bool is_in_place(const std::vector<Difference>& differences) {
  return std::ranges::none_of(differences, [](const Difference& difference) {
    return difference.needs == Needs::kAttaching;
  });
}

namespace {

// Restores the previous MTU if the request no longer sets one.
Result<Link> with_previous_mtu(Change& change, const abi::device_record& record,
                               const abi::device_record& wanted, const Link& link) {
  Link result = link;
  if (wanted.mtu || !record.former_mtu || link.mtu != record.mtu) return result;
  XVNET_TRY(change.set_mtu(link, record.former_mtu));
  result.mtu = record.former_mtu;
  return result;
}

}  // namespace

// An interrupted command leaves an incomplete port, which the next attach sets up afresh.
Result<Outcome> change_port(Change& change, const PortEntry& port, const Link& link,
                            const PortRequest& request) {
  const std::uint32_t ifindex = port.ifindex;
  auto& records = change.tables().port_records;
  XVNET_ASSIGN(taken, take_over(change, port.record.network, request));
  XVNET_TRY(check_added(change, port.record, request));
  auto wanted = wanted_record(port.record, link, request);
  if (wanted.max_macs > port.record.max_macs)
    XVNET_TRY(check_fdb_budget(change.tables(), wanted.max_macs - port.record.max_macs));
  auto leaving = port.record;
  leaving.device.state = wanted.device.state = abi::RECORD_INCOMPLETE;
  XVNET_TRY(change.put(records, ifindex, leaving));
  XVNET_TRY(give_up(change, ifindex, port.record, wanted));
  XVNET_TRY(change.put(records, ifindex, wanted));
  XVNET_TRY(resize_learner(change, wanted.network, ifindex, wanted.max_macs));
  XVNET_TRY(add_static_mac(change, ifindex, wanted));
  XVNET_TRY(hold_addresses(change, ifindex, wanted));
  XVNET_ASSIGN(resized, with_previous_mtu(change, port.record.device, wanted.device, link));
  XVNET_TRY(repair_port(change, {ifindex, wanted}, resized));
  XVNET_ASSIGN(repaired, records.find(ifindex));
  if (repaired) wanted = *repaired;
  wanted.device.state = abi::RECORD_COMPLETE;
  XVNET_TRY(change.put(records, ifindex, wanted));
  return Outcome{.changed = true, .warnings = std::move(taken)};
}

}  // namespace xvnet
