// SPDX-License-Identifier: BSD-2-Clause
#include "loader/nat/snat.h"

#include <fmt/format.h>

#include <algorithm>

#include "loader/model/network_request.h"
#include "loader/model/records.h"
#include "loader/model/rules.h"

namespace xvnet {
namespace {

void forget_snat(abi::network_record& record) {
  record.flags &= ~std::uint32_t{abi::RECORD_SNAT_AUTO | abi::RECORD_SNAT_ANY_REMOTE};
  std::ranges::fill(record.snat, abi::address{});
  record.snat_count = 0;
  record.snat_ports = 0;
}

Result<void> set_addresses(abi::network_record& record, const std::vector<Ipv4>& addresses) {
  if (addresses.empty()) return network_misuse(record, "‹snat› has no address");
  if (addresses.size() > MAX_NAT_RANGES)
    return network_misuse(record, fmt::format("more than {} addresses in ‹snat›", MAX_NAT_RANGES));
  for (auto at = addresses.begin(); at != addresses.end(); ++at)
    if (std::find(addresses.begin(), at, *at) != at)
      return network_misuse(record, fmt::format("‹snat› {} is given twice", format_ipv4(*at)));
  std::ranges::transform(addresses, record.snat, to_abi);
  record.snat_count = static_cast<std::uint16_t>(addresses.size());
  return {};
}

// A change of the addresses keeps the number of ports and the filter.
Result<void> set_source(abi::network_record& record, const SnatRequest& request) {
  if (request.source == SnatSource::kNone) {
    forget_snat(record);
    return {};
  }
  record.flags &= ~std::uint32_t{abi::RECORD_SNAT_AUTO};
  std::ranges::fill(record.snat, abi::address{});
  record.snat_count = 0;
  if (request.source == SnatSource::kAddresses) return set_addresses(record, request.addresses);
  record.flags |= abi::RECORD_SNAT_AUTO;
  return {};
}

void set_ports(abi::network_record& record, const NetworkRequest& request) {
  if (request.snat_ports)
    record.snat_ports = static_cast<std::uint16_t>(*request.snat_ports);
  else if (!record.snat_ports)
    record.snat_ports = kDefaultSnatPorts;
}

Result<void> check_addresses(const abi::network_record& record) {
  const auto subnet = subnet_of(record);
  for (const Ipv4 address : snat_addresses(record)) {
    const std::string what = fmt::format("‹snat› {}", format_ipv4(address));
    if (const std::string why = why_no_hosts(address); !why.empty())
      return network_misuse(record, fmt::format("{} is not a host's address: {}", what, why));
    if (subnet->contains(address))
      return network_misuse(record, fmt::format("{} is in the network's own subnet {}", what,
                                                format_subnet(*subnet)));
  }
  return {};
}

}  // namespace

Result<void> set_snat(abi::network_record& record, const NetworkRequest& request) {
  if (request.snat) XVNET_TRY(set_source(record, *request.snat));
  if (!has_snat(record)) {
    if (request.snat_ports || request.snat_filter)
      return network_misuse(record, "‹snat_ports› and ‹snat_filter› require ‹snat›");
    return {};
  }
  if (!ipv4_of(record.gateway)) return network_misuse(record, requires_gateway("snat"));
  set_ports(record, request);
  if (request.snat_filter) {
    record.flags &= ~std::uint32_t{abi::RECORD_SNAT_ANY_REMOTE};
    if (*request.snat_filter == SnatFilter::kEndpoint) record.flags |= abi::RECORD_SNAT_ANY_REMOTE;
  }
  return check_addresses(record);
}

bool changes_snat(const NetworkRequest& request) {
  return request.snat || request.snat_ports || request.snat_filter || request.snat_exceptions;
}

}  // namespace xvnet
