// SPDX-License-Identifier: BSD-2-Clause
#include "checksum.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

namespace xvnet::test {

namespace {

constexpr size_t kVlanHeader = 4;
constexpr size_t kIpv6Header = 40;
constexpr size_t kUdpAndVxlanHeaders = 16;

uint32_t add_bytes(uint32_t sum, const Bytes& bytes, size_t from, size_t to) {
  for (size_t i = from; i < to; ++i) {
    sum += (i - from) % 2 == 0 ? static_cast<uint32_t>(bytes[i]) << 8 : bytes[i];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum;
}

uint16_t fold(uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

// The header length field counts words of four bytes.
size_t ipv4_header(const Bytes& frame, size_t l3) { return size_t{4} * (frame[l3] & 0x0f); }

void parse_ipv4(const Bytes& frame, Layers& layers) {
  layers.end = layers.l3 + get_be16(frame, layers.l3 + 2);
  layers.fragment = (get_be16(frame, layers.l3 + 6) & 0x3fff) != 0;
  layers.protocol = frame[layers.l3 + 9];
  layers.l4 = layers.l3 + ipv4_header(frame, layers.l3);
}

void parse_ipv6(const Bytes& frame, Layers& layers) {
  layers.end = layers.l3 + kIpv6Header + get_be16(frame, layers.l3 + 4);
  layers.protocol = frame[layers.l3 + 6];
  layers.l4 = layers.l3 + kIpv6Header;
  while (layers.l4 + 8 <= frame.size()) {
    const uint8_t next = frame[layers.l4];
    if (layers.protocol == IPPROTO_FRAGMENT) {
      layers.fragment = true;
      layers.l4 += 8;
    } else if (layers.protocol == IPPROTO_HOPOPTS || layers.protocol == IPPROTO_DSTOPTS ||
               layers.protocol == IPPROTO_ROUTING) {
      layers.l4 += (static_cast<size_t>(frame[layers.l4 + 1]) + 1) * 8;
    } else {
      return;
    }
    layers.protocol = next;
  }
}

size_t minimum_header(uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return 20;
    case IPPROTO_UDP:
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return 8;
    default:
      return 0;
  }
}

}  // namespace

uint16_t get_be16(const Bytes& bytes, size_t at) {
  return static_cast<uint16_t>(bytes.at(at) << 8 | bytes.at(at + 1));
}

void put_be16(Bytes& bytes, size_t at, uint16_t value) {
  bytes.at(at) = static_cast<uint8_t>(value >> 8);
  bytes.at(at + 1) = static_cast<uint8_t>(value);
}

void append_be16(Bytes& bytes, uint16_t value) {
  bytes.push_back(static_cast<uint8_t>(value >> 8));
  bytes.push_back(static_cast<uint8_t>(value));
}

Layers parse_layers(const Bytes& frame, size_t at) {
  Layers layers;
  layers.l3 = at + ETH_HLEN;
  if (frame.size() < layers.l3) return layers;
  layers.ethertype = get_be16(frame, layers.l3 - 2);
  while ((layers.ethertype == ETH_P_8021Q || layers.ethertype == ETH_P_8021AD) &&
         frame.size() >= layers.l3 + kVlanHeader) {
    layers.ethertype = get_be16(frame, layers.l3 + 2);
    layers.l3 += kVlanHeader;
    ++layers.tags;
  }
  if (layers.ethertype == ETH_P_IP && frame.size() >= layers.l3 + 20) parse_ipv4(frame, layers);
  if (layers.ethertype == ETH_P_IPV6 && frame.size() >= layers.l3 + kIpv6Header) {
    parse_ipv6(frame, layers);
  }
  if (layers.l4 + minimum_header(layers.protocol) > frame.size()) layers.l4 = 0;
  return layers;
}

size_t checksum_offset(uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return 16;
    case IPPROTO_UDP:
      return 6;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return 2;
    default:
      return 0;
  }
}

uint16_t pseudo_header_sum(const Bytes& frame, const Layers& layers) {
  if (layers.protocol == IPPROTO_ICMP) return 0;  // ICMP has no pseudo-header (RFC 792)
  const bool ipv4 = layers.ethertype == ETH_P_IP;
  const size_t addresses = layers.l3 + (ipv4 ? 12 : 8);
  uint32_t sum = add_bytes(0, frame, addresses, addresses + (ipv4 ? 8 : 32));
  return fold(sum + layers.protocol + static_cast<uint32_t>(layers.end - layers.l4));
}

void finish_checksum(Bytes& frame, size_t start, size_t offset, size_t end) {
  const uint16_t sum = static_cast<uint16_t>(~fold(add_bytes(0, frame, start, end)));
  put_be16(frame, start + offset, sum == 0 ? 0xffff : sum);
}

std::string checksum_problems(const Bytes& frame, size_t at) {
  const Layers layers = parse_layers(frame, at);
  const bool ipv4 = layers.ethertype == ETH_P_IP;
  if (!ipv4 && layers.ethertype != ETH_P_IPV6) return {};
  if (layers.end > frame.size()) return "the IP packet is longer than its frame";
  if (layers.l4 == 0) return "the frame ends within its headers";
  if (ipv4 &&
      fold(add_bytes(0, frame, layers.l3, layers.l3 + ipv4_header(frame, layers.l3))) != 0xffff) {
    return "wrong IPv4 header checksum";
  }
  const size_t field = checksum_offset(layers.protocol);
  if (layers.fragment || field == 0) return {};
  const bool vxlan = layers.protocol == IPPROTO_UDP && get_be16(frame, layers.l4 + 2) == kVxlanPort;
  // A checksum of zero means "none" for UDP over IPv4, and for a tunnel over IPv6 (RFC 6935).
  const bool none =
      layers.protocol == IPPROTO_UDP && get_be16(frame, layers.l4 + field) == 0 && (ipv4 || vxlan);
  const uint32_t pseudo = pseudo_header_sum(frame, layers);
  if (!none && fold(add_bytes(pseudo, frame, layers.l4, layers.end)) != 0xffff) {
    return "wrong checksum of transport protocol " + std::to_string(layers.protocol);
  }
  if (!vxlan) return {};
  const std::string inner = checksum_problems(frame, layers.l4 + kUdpAndVxlanHeaders);
  return inner.empty() ? inner : "inside VXLAN: " + inner;
}

}  // namespace xvnet::test
