// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "cli/parse_number.h"
#include "cli/text.h"
#include "cli/words.h"

namespace xvnet::cli {

namespace {

constexpr std::uint32_t kIpv6Bits = 128;

}  // namespace

Parsed<std::string> parse_host_address(std::string_view word) {
  const auto slash = word.find('/');
  const std::string address(word.substr(0, slash));
  const int family = address.contains(':') ? AF_INET6 : AF_INET;

  in6_addr binary{};  // the larger of the two families
  char text[INET6_ADDRSTRLEN];
  if (address.contains('\0') || inet_pton(family, address.c_str(), &binary) != 1 ||
      inet_ntop(family, &binary, text, sizeof text) == nullptr) {
    return std::unexpected(
        fmt::format("address {} is not like 10.5.0.1/24 or 2001:db8::1/64", quote(word)));
  }

  const std::uint32_t bits = family == AF_INET6 ? kIpv6Bits : kIpv4Bits;
  const auto prefix = slash == std::string_view::npos
                          ? std::nullopt
                          : parse_digits(word.substr(slash + 1), {1, bits});
  if (!prefix) {
    return std::unexpected(
        fmt::format("address {} has no prefix length of 1 to {}", quote(word), bits));
  }
  return fmt::format("{}/{}", text, *prefix);
}

Parsed<Ipv4> parse_ip(std::string_view word) {
  const auto address = parse_ipv4(word);
  if (address) return *address;
  return std::unexpected(fmt::format("address {} is not like 10.0.0.7", quote(word)));
}

Parsed<Ipv4> parse_ip_or_none(std::string_view word) {
  if (word == kNone) return Ipv4{};
  const auto address = parse_ip(word);
  if (address && *address == Ipv4{})
    return std::unexpected(fmt::format("address {} is no host's; none unsets it", quote(word)));
  return address;
}

Parsed<Subnet> parse_subnet_word(std::string_view word) {
  if (word == kNone) return Subnet{};
  const auto subnet = parse_subnet(word);
  if (subnet) return *subnet;
  return std::unexpected(
      fmt::format("subnet {} is not like 10.0.0.0/24: its first address, and a prefix of {} to {}",
                  quote(word), kMinSubnetPrefix, kMaxSubnetPrefix));
}

}  // namespace xvnet::cli
