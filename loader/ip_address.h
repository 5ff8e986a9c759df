// SPDX-License-Identifier: BSD-2-Clause
//
// IP addresses as the tables hold them: 16 bytes, an IPv4 one as v4-mapped (RFC 4291, 2.5.5.2).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "maps/address.h"

namespace xvnet {

// An IPv4 address; the number is in host order, so that addresses count up.
struct Ipv4 {
  std::uint32_t number = 0;

  auto operator<=>(const Ipv4&) const = default;
};

std::optional<Ipv4> parse_ipv4(std::string_view text);
std::string format_ipv4(Ipv4 address);  // "10.0.0.2"

abi::address to_abi(Ipv4 address);
// Nothing: it is zero, or no IPv4 address.
std::optional<Ipv4> ipv4_of(const abi::address& address);

constexpr std::uint32_t kIpv4Bits = 32;
constexpr unsigned kAddressBits = 128;  // of an abi::address
constexpr std::uint32_t kMinSubnetPrefix = 8;
constexpr std::uint32_t kMaxSubnetPrefix = 30;  // room for a gateway and one port

// The bits behind a prefix, all of them set.
constexpr std::uint32_t host_bits(std::uint32_t prefix) {
  return prefix < kIpv4Bits ? ~std::uint32_t{0} >> prefix : 0;
}

struct Subnet {
  Ipv4 base;  // its first address, which no host has
  std::uint32_t prefix =
      0;  // bits, kMinSubnetPrefix to kMaxSubnetPrefix, of a prefix up to kIpv4Bits

  Ipv4 last() const { return {base.number | host_bits(prefix)}; }  // broadcast
  bool contains(Ipv4 address) const { return base <= address && address <= last(); }
  // Whether a host may have it.
  bool is_assignable(Ipv4 address) const { return base < address && address < last(); }

  bool operator==(const Subnet&) const = default;
};

// Whether some address is in both.
bool overlap(const Subnet& a, const Subnet& b);

// What an interface has: its own address, and with it those it reaches.
struct InterfaceAddress {
  Ipv4 address;
  std::uint32_t prefix = kIpv4Bits;  // bits, 0 to kIpv4Bits

  bool reaches(Ipv4 other) const;
  // Whether a host behind the interface may have it: reached, and neither first nor last.
  bool is_assignable(Ipv4 other) const;

  bool operator==(const InterfaceAddress&) const = default;
};

// Whether it can be one host's: neither "this network", nor loopback, nor multicast and beyond
// (RFC 6890).
bool is_unicast(Ipv4 address);

// "10.0.0.0/24"; nothing when it is none, or has bits behind its prefix.
std::optional<Subnet> parse_subnet(std::string_view text);
// The same, with a prefix of 0 to 32: "192.0.2.1/32".
std::optional<Subnet> parse_prefix(std::string_view text);
std::string format_subnet(const Subnet& subnet);

}  // namespace xvnet
