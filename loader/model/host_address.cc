// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/host_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "loader/base/text.h"
#include "loader/model/host_side.h"
#include "loader/model/routes.h"
#include "loader/model/rules.h"

namespace xvnet {
namespace {

constexpr std::array kHostKinds = {abi::ROUTE_TO_HOST, abi::ROUTE_BESIDE_HOST};

struct Cidr {
  abi::address address;
  unsigned prefix;  // bits, as written

  unsigned bits() const { return prefix + (ipv4_of(address) ? V4_MAPPED_PREFIX : 0); }
};

std::optional<Cidr> parse_cidr(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == std::string::npos || text.size() >= MAX_ADDRESS_TEXT) return std::nullopt;
  const std::string address = text.substr(0, slash);
  if (address.contains('\0')) return std::nullopt;
  Cidr cidr{};
  in_addr ipv4{};
  const bool is_v4 = inet_pton(AF_INET, address.c_str(), &ipv4) == 1;
  if (is_v4)
    cidr.address = to_abi(Ipv4{ntohl(ipv4.s_addr)});
  else if (inet_pton(AF_INET6, address.c_str(), &cidr.address) != 1)
    return std::nullopt;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data() + slash + 1, end, cidr.prefix);
  if (error != std::errc() || at != end || cidr.prefix == 0 ||
      cidr.prefix > (is_v4 ? kIpv4Bits : kAddressBits))
    return std::nullopt;
  return cidr;
}

void add_route(std::vector<abi::route_key>& routes, std::uint32_t network,
               const abi::address& address) {
  routes.push_back(
      route_to(abi::ROUTE_TO_HOST, network, {.address = address, .bits = kAddressBits}));
}

// The on-link prefix of an IPv6 address. For IPv4 the kernel itself checks the senders.
std::optional<abi::route_key> route_beside(std::uint32_t network, const Cidr& cidr) {
  if (ipv4_of(cidr.address)) return std::nullopt;
  abi::address base = cidr.address;
  for (unsigned bit = cidr.prefix; bit < kAddressBits; ++bit)
    base.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80 >> bit % 8));
  return route_to(abi::ROUTE_BESIDE_HOST, network, {.address = base, .bits = cidr.prefix});
}

std::vector<abi::route_key> host_routes(std::uint32_t network,
                                        const std::vector<std::string>& addresses) {
  std::vector<abi::route_key> routes;
  for (const std::string& text : addresses) {
    const auto cidr = parse_cidr(text);
    if (!cidr) continue;
    add_route(routes, network, cidr->address);
    if (const auto beside = route_beside(network, *cidr)) routes.push_back(*beside);
    if (const auto ipv4 = ipv4_of(cidr->address); ipv4 && cidr->prefix <= kMaxSubnetPrefix)
      add_route(routes, network, to_abi(Ipv4{ipv4->number | host_bits(cidr->prefix)}));
  }
  return routes;
}

bool has_address(const abi::network_record& record, const abi::address& address) {
  return std::ranges::any_of(host_addresses_of(record), [&](const std::string& text) {
    const auto cidr = parse_cidr(text);
    return cidr && std::ranges::equal(cidr->address.bytes, address.bytes);
  });
}

std::unexpected<Error> refusal(const Network& network, const std::string& cidr,
                               std::string_view cause, std::string hint = {}) {
  return fail(
      fmt::format("network {:?}: host address {}: {}", text_of(network.record.name), cidr, cause),
      std::move(hint));
}

// Link-local addresses (fe80::/10) are valid per link: two interfaces may have the same one.
bool is_of_each_link(const abi::address& address) {
  return address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

Result<void> check_owner(Change& change, const Network& network, const std::string& text,
                         const abi::address& address) {
  XVNET_ASSIGN(records, change.tables().network_records.entries());
  for (const auto& [id, other] : records)
    if (id != network.id && has_address(other, address))
      return refusal(
          network, text,
          fmt::format("the host has the address in network {:?} already", text_of(other.name)));
  XVNET_ASSIGN(known, change.tables().nat_addresses.find(address));
  if (known && !(known->flags & abi::NAT_ADDRESS_OF_HOST))
    return refusal(network, text, "it is a public address of VMs, from ‹snat› or a forward");
  XVNET_ASSIGN(holder, change.host().address_holder(address));
  if (holder.empty() || holder == host_interface_name(text_of(network.record.name))) return {};
  return refusal(network, text, fmt::format("the host has the address on {:?} already", holder),
                 "use another address, or remove it there first");
}

}  // namespace

Result<void> check_cidr(std::string_view network, const std::string& text) {
  const auto cidr = parse_cidr(text);
  if (!cidr)
    return fail(ErrorKind::kUsage,
                fmt::format("network {:?}: ‹host_addresses› {:?} is not an address and a prefix",
                            network, text));
  const bool is_disguised = text.contains(':') && ipv4_of(cidr->address);
  const std::string why = is_disguised ? "it is an IPv4 address in IPv6 notation"
                                       : why_no_hosts(cidr->address, cidr->bits());
  if (why.empty()) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("network {:?}: ‹host_addresses› {} is not a host's address: {}", network,
                          text, why));
}

Result<void> check_host_addresses(Change& change, const Network& network,
                                  const std::vector<std::string>& before) {
  auto previous = network.record;
  previous.address_count = 0;
  for (const auto& text : before) set_text(previous.addresses[previous.address_count++], text);
  for (const auto& text : host_addresses_of(network.record)) {
    const auto cidr = parse_cidr(text);
    if (!cidr || is_of_each_link(cidr->address) || has_address(previous, cidr->address)) continue;
    XVNET_TRY(check_owner(change, network, text, cidr->address));
  }
  return {};
}

HostAddresses kinds_of(const std::vector<std::string>& addresses) {
  const bool has_ipv6 =
      std::ranges::any_of(addresses, [](const std::string& cidr) { return cidr.contains(':'); });
  return has_ipv6 ? HostAddresses::kIpv6Too : HostAddresses::kIpv4Only;
}

Result<void> set_host_routes(Change& change, std::uint32_t network,
                             const std::vector<std::string>& addresses) {
  return set_routes(change, network, kHostKinds, host_routes(network, addresses));
}

}  // namespace xvnet
