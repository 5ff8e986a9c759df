// SPDX-License-Identifier: BSD-2-Clause
//
// IP addresses as the tables hold them: 16 bytes, IPv4 as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "maps/address.h"

namespace xvnet {

// An IPv4 address in host byte order, so that arithmetic on `number` counts addresses up.
struct Ipv4 {
  std::uint32_t number = 0;

  auto operator<=>(const Ipv4&) const = default;
};

std::optional<Ipv4> parse_ipv4(std::string_view text);
std::string format_ipv4(Ipv4 address);  // "10.0.0.2"

abi::address to_abi(Ipv4 address);
// Returns nothing for an address of zeros, and for one that is not IPv4.
std::optional<Ipv4> ipv4_of(const abi::address& address);

constexpr std::uint32_t kIpv4Bits = 32;
constexpr unsigned kAddressBits = 128;  // of an abi::address
constexpr std::uint32_t kMinSubnetPrefix = 8;
constexpr std::uint32_t kMaxSubnetPrefix = 30;  // leaves room for a gateway and one port

// A mask with the bits behind the prefix set.
constexpr std::uint32_t host_bits(std::uint32_t prefix) {
  return prefix < kIpv4Bits ? ~std::uint32_t{0} >> prefix : 0;
}

struct Subnet {
  Ipv4 base;  // the first address, which no host has
  // In bits: kMinSubnetPrefix to kMaxSubnetPrefix for a network's subnet, else 0 to kIpv4Bits.
  std::uint32_t prefix = 0;

  Ipv4 last() const { return {base.number | host_bits(prefix)}; }  // the broadcast address
  bool contains(Ipv4 address) const { return base <= address && address <= last(); }
  // Whether a host of the subnet may have the address.
  bool is_assignable(Ipv4 address) const { return base < address && address < last(); }

  bool operator==(const Subnet&) const = default;
};

// Whether the two subnets share an address.
bool overlap(const Subnet& a, const Subnet& b);

// An address of an interface, and the prefix that is on-link there.
struct InterfaceAddress {
  Ipv4 address;
  std::uint32_t prefix = kIpv4Bits;  // bits, 0 to kIpv4Bits

  bool reaches(Ipv4 other) const;
  // Whether a host behind the interface may have the address: it is on-link, and neither the first
  // nor the last of the prefix.
  bool is_assignable(Ipv4 other) const;

  bool operator==(const InterfaceAddress&) const = default;
};

// Whether a single host can have the address: not in 0.0.0.0/8 ("this network"), loopback,
// multicast, or above (RFC 6890).
bool is_unicast(Ipv4 address);

// Whether a network can have the subnet: unicast, a prefix of kMinSubnetPrefix to kMaxSubnetPrefix
// bits, and no bits set behind it.
bool is_network_subnet(const Subnet& subnet);
// Parses "10.0.0.0/24". Returns nothing if the text is not a subnet of a network.
std::optional<Subnet> parse_subnet(std::string_view text);
// Parses a prefix of 0 to 32 bits, such as "192.0.2.1/32", with the same rule for bits behind it.
std::optional<Subnet> parse_prefix(std::string_view text);
std::string format_subnet(const Subnet& subnet);

}  // namespace xvnet
