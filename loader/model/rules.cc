// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "loader/base/text.h"

namespace xvnet {
namespace {

struct Special {
  Subnet prefix;
  std::string_view why;
};

constexpr std::array kSpecial = {
    Special{{{0x00000000}, 8}, "0.0.0.0/8 has no addresses of hosts"},
    Special{{{0x7f000000}, 8}, "it is a loopback address"},
    Special{{{0xa9fe0000}, 16}, "it is link-local, and routers do not forward to it"},
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

// Each name also has room for a terminating zero in its record.
bool is_name(std::string_view name, std::size_t room, std::string_view punctuation) {
  return !name.empty() && name.size() < room &&
         std::ranges::all_of(
             name,
             [&](unsigned char c) {
               return std::isalnum(c) || punctuation.contains(static_cast<char>(c));
             });
}

}  // namespace

Result<void> check_range(std::string_view doing, std::string_view field, std::uint32_t value,
                         Range range) {
  if (value >= range.least && value <= range.most) return {};
  return fail(ErrorKind::kUsage, fmt::format("{}: ‹{}› {} is not {} to {}", doing, field, value,
                                             range.least, range.most));
}

Result<void> check_plain_name(std::string_view doing, std::string_view field,
                              std::string_view name) {
  if (is_name(name, NAME_SIZE, "-_.")) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("{}: ‹{}› {:?} is not 1 to {} letters, digits, '-', '_' or '.'", doing,
                          field, name, NAME_SIZE - 1));
}

Result<void> check_dns_name(std::string_view doing, std::string_view field, std::string_view name) {
  if (is_name(name, HOST_NAME_SIZE, "-.")) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("{}: ‹{}› {:?} is not 1 to {} letters, digits, '-' or '.'", doing, field,
                          name, HOST_NAME_SIZE - 1));
}

std::unexpected<Error> network_misuse(const abi::network_record& record, std::string_view cause) {
  return fail(ErrorKind::kUsage, fmt::format("network {:?}: {}", text_of(record.name), cause));
}

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
  if (are_all(address, bits, false))
    return "it is the first address of the prefix, which identifies the network";
  if (ipv4 && are_all(address, bits, true))
    return "it is the last address of the prefix, the broadcast address";
  return {};
}

Result<void> check_servers(const abi::network_record& record, std::string_view field,
                           const std::vector<Ipv4>& servers) {
  const std::string what = fmt::format("‹{}›", field);
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
