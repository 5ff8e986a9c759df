// SPDX-License-Identifier: BSD-2-Clause
#include "loader/address_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "loader/network_request.h"
#include "loader/subnet.h"

namespace xvnet {
namespace {

struct Special {
  Subnet prefix;
  std::string_view why;
};

constexpr std::array kSpecial = {
    Special{{{0x00000000}, 8}, "it is of 0.0.0.0/8, which is no host's"},
    Special{{{0x7f000000}, 8}, "it is a loopback address"},
    Special{{{0xa9fe0000}, 16}, "it is link-local, and no router leads there"},
    Special{{{0xe0000000}, 4}, "it is a multicast address"},
    Special{{{0xffffffff}, 32}, "it is the broadcast address"},
    Special{{{0xf0000000}, 4}, "it is reserved"},
};

bool are_all(const abi::address& address, unsigned from, bool value) {
  for (unsigned bit = from; bit < kAddressBits; ++bit)
    if ((address.bytes[bit / 8] >> (7 - bit % 8) & 1) != value) return false;
  return true;
}

// Link-local addresses are allowed: they are valid on each interface.
std::string why_no_hosts_ipv6(const abi::address& address) {
  const auto starts_with = [&](std::uint8_t first, std::uint8_t mask) {
    return (address.bytes[0] & mask) == first;
  };
  if (are_all(address, 0, false)) return "it is the unspecified address";
  abi::address loopback{};
  loopback.bytes[sizeof loopback.bytes - 1] = 1;
  if (std::ranges::equal(address.bytes, loopback.bytes)) return "it is the loopback address";
  if (starts_with(0xff, 0xff)) return "it is a multicast address";
  return {};
}

}  // namespace

std::string why_no_hosts(Ipv4 address) {
  for (const auto& [prefix, why] : kSpecial)
    if (prefix.contains(address)) return std::string(why);
  return {};
}

std::string why_no_hosts(const Subnet& prefix) {
  for (const auto& [special, why] : kSpecial)
    if (special.contains(prefix.base) && special.contains(prefix.last())) return std::string(why);
  return {};
}

// In a prefix of two addresses, both can belong to hosts: RFC 3021, RFC 6164.
std::string why_no_hosts(const abi::address& address, unsigned bits) {
  const auto ipv4 = ipv4_of(address);
  const bool is_zero = are_all(address, 0, false);
  std::string why = ipv4 ? why_no_hosts(*ipv4) : why_no_hosts_ipv6(address);
  if (!why.empty() || is_zero) return why;
  if (bits + 1 >= kAddressBits) return {};
  if (are_all(address, bits, false)) return "the first address of a prefix is the network's";
  if (ipv4 && are_all(address, bits, true))
    return "the last address of a prefix is its broadcast address";
  return {};
}

Result<void> check_servers(const abi::network_record& record, std::string_view field,
                           const std::vector<Ipv4>& servers) {
  const std::string what = field_name(field);
  const auto subnet = subnet_of(record);
  for (auto at = servers.begin(); at != servers.end(); ++at) {
    const std::string text = format_ipv4(*at);
    if (const std::string why = why_no_hosts(*at); !why.empty())
      return network_misuse(record,
                            fmt::format("{} {} is not a host's address: {}", what, text, why));
    if (subnet && subnet->contains(*at) && !subnet->is_assignable(*at))
      return network_misuse(record, fmt::format("{} {} is not a host's address in the subnet {}",
                                                what, text, format_subnet(*subnet)));
    if (std::find(servers.begin(), at, *at) != at)
      return network_misuse(record, fmt::format("{} {} is given twice", what, text));
  }
  return {};
}

}  // namespace xvnet
