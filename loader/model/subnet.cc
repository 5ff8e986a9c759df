// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/subnet.h"

#include <fmt/format.h>

#include <algorithm>

#include "loader/base/text.h"
#include "loader/model/rules.h"

namespace xvnet {
namespace {

// On a LAN that the host shares, another party assigns the addresses.
Result<void> check_kind(const abi::network_record& record) {
  if (record.flags & abi::RECORD_UNTAGGED)
    return network_misuse(record,
                          "‹subnet› is not for untagged networks: the LAN assigns their addresses");
  return {};
}

Result<void> check_gateway(const abi::network_record& record) {
  const auto gateway = ipv4_of(record.gateway);
  const auto subnet = subnet_of(record);
  if (!gateway) return {};
  if (!subnet) return network_misuse(record, "‹gateway› requires ‹subnet›");
  if (!subnet->is_assignable(*gateway))
    return network_misuse(record,
                          fmt::format("‹gateway› {} is not a host's address in the subnet {}",
                                      format_ipv4(*gateway), format_subnet(*subnet)));
  for (std::size_t at = 0; at < record.address_count; ++at)
    if (text_of(record.addresses[at]).starts_with(format_ipv4(*gateway) + "/"))
      return network_misuse(record, "its gateway and the host have the same address");
  return {};
}

}  // namespace

Result<void> set_subnet(abi::network_record& record, const NetworkRequest& request) {
  if (request.subnet == Subnet{}) {
    record.subnet = {};
    record.prefix = 0;
  } else if (request.subnet) {
    record.subnet = to_abi(request.subnet->base);
    record.prefix = V4_MAPPED_PREFIX + request.subnet->prefix;
  }
  if (request.gateway)
    record.gateway = *request.gateway == Ipv4{} ? abi::address{} : to_abi(*request.gateway);
  if (subnet_of(record)) XVNET_TRY(check_kind(record));
  return check_gateway(record);
}

Result<std::optional<abi::network_record>> find_overlapping(
    Tables& tables, const Network& network,
    const std::function<bool(const abi::network_record&)>& is_rival) {
  const auto subnet = subnet_of(network.record);
  XVNET_ASSIGN(records, tables.network_records.entries());
  for (const auto& [id, other] : records) {
    const auto others = subnet_of(other);
    if (id != network.id && subnet && others && overlap(*subnet, *others) && is_rival(other))
      return other;
  }
  return std::nullopt;
}

std::uint16_t subnet_flags(const abi::network_record& record) {
  std::uint16_t flags = 0;
  if (subnet_of(record)) flags |= abi::NETWORK_ADDRESSES;
  if (ipv4_of(record.gateway)) flags |= abi::NETWORK_GATEWAY;
  if (record.flags & abi::RECORD_DHCP) flags |= abi::NETWORK_DHCP;
  if (record.router[0]) flags |= abi::NETWORK_ROUTED;
  return flags;
}

Result<void> check_subnet_change(Tables& tables, const Network& before,
                                 const abi::network_record& after) {
  const auto subnet = subnet_of(after);
  if (subnet == subnet_of(before.record) && own_addresses(after) == own_addresses(before.record))
    return {};
  XVNET_ASSIGN(ports, tables.port_records.entries());
  const auto own = own_addresses(after);
  for (const auto& [ifindex, port] : ports) {
    if (port.network != before.id) continue;
    auto addresses = addresses_of(port);
    std::ranges::copy(allowed_of(port), std::back_inserter(addresses));
    for (const Ipv4 address : addresses) {
      const bool stays =
          subnet && subnet->is_assignable(address) && std::ranges::find(own, address) == own.end();
      if (!stays)
        return fail(
            fmt::format("set network {:?}: port {:?} may use the address {}", text_of(after.name),
                        text_of(port.device.name), format_ipv4(address)),
            "detach it first, or give it others with: «attach» DEV ‹ip› IP ‹allow› IP "
            "‹replace›");
    }
  }
  return {};
}

}  // namespace xvnet
