// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/records.h"

#include <algorithm>

#include "loader/base/text.h"

namespace xvnet {
namespace {

std::vector<Ipv4> list_of(const abi::address (&addresses)[MAX_PORT_ADDRESSES], std::size_t count) {
  std::vector<Ipv4> list;
  for (std::size_t at = 0; at < count; ++at)
    if (const auto address = ipv4_of(addresses[at])) list.push_back(*address);
  return list;
}

}  // namespace

Result<std::optional<Network>> find_network(Tables& tables, std::string_view name) {
  XVNET_ASSIGN(records, tables.network_records.entries());
  for (const auto& [id, record] : records)
    if (text_of(record.name) == name) return Network{id, record};
  return std::nullopt;
}

std::optional<Subnet> subnet_of(const abi::network_record& record) {
  const auto base = ipv4_of(record.subnet);
  if (!base) return std::nullopt;
  return Subnet{*base, record.prefix - V4_MAPPED_PREFIX};
}

std::vector<Ipv4> own_addresses(const abi::network_record& record) {
  std::vector<Ipv4> own;
  if (const auto gateway = ipv4_of(record.gateway)) own.push_back(*gateway);
  for (std::size_t at = 0; at < record.address_count; ++at) {
    const std::string cidr = text_of(record.addresses[at]);
    if (const auto address = parse_ipv4(cidr.substr(0, cidr.find('/')))) own.push_back(*address);
  }
  return own;
}

std::vector<std::string> host_addresses_of(const abi::network_record& record) {
  std::vector<std::string> addresses;
  addresses.reserve(record.address_count);
  for (std::size_t i = 0; i < record.address_count; ++i)
    addresses.push_back(text_of(record.addresses[i]));
  return addresses;
}

bool has_snat(const abi::network_record& record) {
  return record.flags & abi::RECORD_SNAT_AUTO || record.snat_count;
}

std::vector<Ipv4> snat_addresses(const abi::network_record& record) {
  std::vector<Ipv4> addresses;
  addresses.reserve(record.snat_count);
  for (std::size_t at = 0; at < record.snat_count; ++at)
    addresses.push_back(ipv4_of(record.snat[at]).value_or(Ipv4{}));
  return addresses;
}

SnatFilter snat_filter(const abi::network_record& record) {
  return record.flags & abi::RECORD_SNAT_ANY_REMOTE ? SnatFilter::kEndpoint : SnatFilter::kAddress;
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

std::vector<abi::nat_range> ranges_of(const abi::nat_network& network) {
  return {network.ranges,
          network.ranges + std::min<std::size_t>(network.range_count, std::size(network.ranges))};
}

std::vector<Ipv4> addresses_of(const abi::port_record& record) {
  return list_of(record.ips, record.ip_count);
}

std::vector<Ipv4> allowed_of(const abi::port_record& record) {
  return list_of(record.allowed, record.allowed_count);
}

VidSet vids_of(const abi::uplink_record& record) {
  VidSet vids;
  for (std::size_t vid = 0; vid < vids.size(); ++vid)
    vids[vid] = record.vids[vid / 8] >> (vid % 8) & 1;
  return vids;
}

}  // namespace xvnet
