// SPDX-License-Identifier: BSD-2-Clause
#include "loader/nat/exceptions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "loader/base/text.h"
#include "loader/model/routes.h"
#include "loader/model/rules.h"
#include "loader/model/subnet.h"

namespace xvnet {
namespace {

constexpr std::array kExceptionKinds = {abi::ROUTE_UNTRANSLATED, abi::ROUTE_INSIDE};

abi::prefix to_prefix(const Subnet& subnet) {
  return {.address = to_abi(subnet.base), .bits = V4_MAPPED_PREFIX + subnet.prefix};
}

void forget(abi::network_record& record) {
  std::ranges::fill(record.snat_exceptions, abi::prefix{});
  record.snat_exception_count = 0;
}

}  // namespace

Result<void> set_snat_exceptions(abi::network_record& record, const NetworkRequest& request) {
  if (!has_snat(record)) {
    if (request.snat_exceptions && !request.snat_exceptions->empty())
      return network_misuse(record, "‹snat_exceptions› requires ‹snat›");
    forget(record);
    return {};
  }
  if (!request.snat_exceptions) return {};
  if (request.snat_exceptions->size() > MAX_SNAT_EXCEPTIONS)
    return network_misuse(
        record, fmt::format("more than {} prefixes in ‹snat_exceptions›", MAX_SNAT_EXCEPTIONS));
  for (const Subnet& prefix : *request.snat_exceptions)
    if (const std::string why = why_no_hosts(prefix); !why.empty())
      return network_misuse(record,
                            fmt::format("‹snat_exceptions› {} has no addresses of hosts: {}",
                                        format_subnet(prefix), why));
  forget(record);
  std::ranges::transform(*request.snat_exceptions, record.snat_exceptions, to_prefix);
  record.snat_exception_count = static_cast<std::uint16_t>(request.snat_exceptions->size());
  return {};
}

std::uint32_t exceptions_flag(const abi::network_record& record) {
  return record.snat_exception_count ? std::uint32_t{abi::NAT_HAS_EXCEPTIONS} : 0;
}

Result<void> check_snat_exceptions(Tables& tables, const Network& network) {
  if (!network.record.snat_exception_count) return {};
  XVNET_ASSIGN(other, find_overlapping(tables, network, [](const auto& record) {
                 return record.snat_exception_count != 0;
               }));
  if (!other) return {};
  return fail(
      fmt::format("network {:?}: its subnet {} overlaps {} of network {:?}, and both have "
                  "‹snat_exceptions›: an answer could be for either",
                  text_of(network.record.name), format_subnet(*subnet_of(network.record)),
                  format_subnet(*subnet_of(*other)), text_of(other->name)));
}

Result<void> provide_snat_exceptions(Change& change, const Network& network) {
  const auto& record = network.record;
  std::vector<abi::route_key> wanted;
  for (const Subnet& prefix : snat_exceptions(record))
    wanted.push_back(route_to(abi::ROUTE_UNTRANSLATED, network.id, to_prefix(prefix)));
  if (!wanted.empty())
    wanted.push_back(
        route_to(abi::ROUTE_INSIDE, 0, {.address = record.subnet, .bits = record.prefix}));
  return set_routes(change, network.id, kExceptionKinds, wanted);
}

Result<void> withdraw_snat_exceptions(Change& change, std::uint32_t network) {
  return set_routes(change, network, kExceptionKinds, {});
}

}  // namespace xvnet
