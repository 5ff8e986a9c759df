// SPDX-License-Identifier: BSD-2-Clause
#include "loader/base/ip_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace xvnet {
namespace {

constexpr std::uint8_t kV4MappedPrefix[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

bool is_unicast(Ipv4 address) {
  const std::uint32_t first = address.number >> 24;
  return first != 0 && first != 127 && first < 224;
}

bool InterfaceAddress::reaches(Ipv4 other) const {
  return ((address.number ^ other.number) & ~host_bits(prefix)) == 0;
}

// In a prefix of two addresses, both can belong to hosts: RFC 3021.
bool InterfaceAddress::is_assignable(Ipv4 other) const {
  const std::uint32_t bits = host_bits(prefix);
  const std::uint32_t host = other.number & bits;
  return reaches(other) && (bits <= 1 || (host != 0 && host != bits));
}

std::optional<Ipv4> parse_ipv4(std::string_view text) {
  in_addr binary{};
  if (text.contains('\0') || inet_pton(AF_INET, std::string(text).c_str(), &binary) != 1)
    return std::nullopt;
  return Ipv4{ntohl(binary.s_addr)};
}

std::string format_ipv4(Ipv4 address) {
  const std::uint32_t number = address.number;
  return fmt::format("{}.{}.{}.{}", number >> 24, number >> 16 & 0xff, number >> 8 & 0xff,
                     number & 0xff);
}

abi::address to_abi(Ipv4 address) {
  abi::address result{};
  const std::uint32_t number = htonl(address.number);
  std::memcpy(result.bytes, kV4MappedPrefix, sizeof kV4MappedPrefix);
  std::memcpy(result.bytes + sizeof kV4MappedPrefix, &number, sizeof number);
  return result;
}

std::optional<Ipv4> ipv4_of(const abi::address& address) {
  if (!std::equal(std::begin(kV4MappedPrefix), std::end(kV4MappedPrefix), address.bytes))
    return std::nullopt;
  std::uint32_t number = 0;
  std::memcpy(&number, address.bytes + sizeof kV4MappedPrefix, sizeof number);
  return Ipv4{ntohl(number)};
}

bool overlap(const Subnet& a, const Subnet& b) { return a.contains(b.base) || b.contains(a.base); }

std::optional<Subnet> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto base = parse_ipv4(text.substr(0, slash));
  std::uint32_t prefix = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data() + slash + 1, end, prefix);
  if (!base || error != std::errc() || at != end || prefix > kIpv4Bits) return std::nullopt;
  if (base->number & host_bits(prefix)) return std::nullopt;
  return Subnet{*base, prefix};
}

bool is_network_subnet(const Subnet& subnet) {
  return is_unicast(subnet.base) && !(subnet.base.number & host_bits(subnet.prefix)) &&
         subnet.prefix >= kMinSubnetPrefix && subnet.prefix <= kMaxSubnetPrefix;
}

std::optional<Subnet> parse_subnet(std::string_view text) {
  const auto subnet = parse_prefix(text);
  return subnet && is_network_subnet(*subnet) ? subnet : std::nullopt;
}

std::string format_subnet(const Subnet& subnet) {
  return fmt::format("{}/{}", format_ipv4(subnet.base), subnet.prefix);
}

}  // namespace xvnet
