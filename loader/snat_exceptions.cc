// SPDX-License-Identifier: BSD-2-Clause
#include "loader/snat_exceptions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "loader/address_rules.h"
#include "loader/network_request.h"
#include "loader/routes.h"
#include "loader/snat.h"
#include "loader/subnet.h"
#include "loader/text.h"

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
      return network_misuse(
          record, fmt::format("{} requires {}", field_name("snat_exceptions"), field_name("snat")));
    forget(record);
    return {};
  }
  if (!request.snat_exceptions) return {};
  if (request.snat_exceptions->size() > MAX_SNAT_EXCEPTIONS)
    return network_misuse(record, fmt::format("more than {} prefixes in {}", MAX_SNAT_EXCEPTIONS,
                                              field_name("snat_exceptions")));
  for (const Subnet& prefix : *request.snat_exceptions)
    if (const std::string why = why_no_hosts(prefix); !why.empty())
      return network_misuse(
          record, fmt::format("{} {} has no addresses of hosts: {}", field_name("snat_exceptions"),
                              format_subnet(prefix), why));
  forget(record);
  std::ranges::transform(*request.snat_exceptions, record.snat_exceptions, to_prefix);
  record.snat_exception_count = static_cast<std::uint16_t>(request.snat_exceptions->size());
  return {};
}

std::vector<Subnet> snat_exceptions(const abi::network_record& record) {
  std::vector<Subnet> prefixes;
  prefixes.reserve(record.snat_exception_count);
  for (std::size_t at = 0; at < record.snat_exception_count; ++at) {
    const auto& [address, bits] = record.snat_exceptions[at];
    prefixes.push_back({ipv4_of(address).value_or(Ipv4{}), bits - V4_MAPPED_PREFIX});
  }
  return prefixes;
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
  return fail(fmt::format(
      "network {:?}: its subnet {} overlaps {} of network {:?}, and both have {}: "
      "an answer could be for either",
      text_of(network.record.name), format_subnet(*subnet_of(network.record)),
      format_subnet(*subnet_of(*other)), text_of(other->name), field_name("snat_exceptions")));
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
