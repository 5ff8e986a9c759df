// SPDX-License-Identifier: BSD-2-Clause
#include "frame_view.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace xvnet::test {

namespace {

constexpr size_t kTag = 4;
constexpr size_t kIpv4 = 20;
constexpr size_t kIpv6 = 40;

// True when the field holds the sum of these words, the protocol and optionally the length. The sum
// is modulo 0xffff, because in ones' complement 0 and 0xffff are equal.
bool is_bare_sum(const Bytes& frame, size_t field, size_t addresses, size_t words, uint8_t protocol,
                 size_t length) {
  uint64_t sum = protocol;
  for (size_t i = 0; i < words; ++i) sum += get_be16(frame, addresses + 2 * i);
  const uint64_t value = get_be16(frame, field) % 0xffff;
  return value == sum % 0xffff || value == (sum + length) % 0xffff;
}

bool transport_may_be_partial(const Bytes& frame, size_t l4, size_t end, size_t addresses,
                              size_t words, uint8_t protocol) {
  const size_t field = l4 + checksum_offset(protocol);
  if (protocol != IPPROTO_TCP && protocol != IPPROTO_ICMP && protocol != IPPROTO_ICMPV6)
    return true;
  if (field + 2 > frame.size()) return true;
  if (protocol == IPPROTO_ICMP) return get_be16(frame, field) % 0xffff == 0;
  return is_bare_sum(frame, field, addresses, words, protocol, end - l4);
}

}  // namespace

bool is_tag(uint16_t type) { return type == ETH_P_8021Q || type == ETH_P_8021AD; }

View view(const Bytes& frame) {
  View result;
  result.type = get_be16(frame, 2 * ETH_ALEN);
  result.behind = ETH_HLEN;
  if (!is_tag(result.type)) return result;
  result.tag_type = result.type;
  if (frame.size() < ETH_HLEN + kTag) return View{.tag_type = result.type};
  result.tci = get_be16(frame, ETH_HLEN);
  result.type = get_be16(frame, ETH_HLEN + 2);
  result.behind = ETH_HLEN + kTag;
  return result;
}

bool is_bad_source(const Bytes& frame) {
  const auto source = frame.begin() + ETH_ALEN;
  return (*source & 1) != 0 ||
         std::all_of(source, source + ETH_ALEN, [](uint8_t byte) { return byte == 0; });
}

bool is_link_local(const Bytes& frame, uint16_t type) {
  constexpr std::array<uint8_t, 5> kBridgeGroup = {0x01, 0x80, 0xc2, 0x00, 0x00};
  constexpr std::array<uint8_t, 5> kCiscoGroup = {0x01, 0x00, 0x0c, 0xcc, 0xcc};
  const uint8_t last = frame[ETH_ALEN - 1];
  if (std::equal(kBridgeGroup.begin(), kBridgeGroup.end(), frame.begin()))
    return last <= 0x0f || type == ETH_P_PAUSE;
  if (std::equal(kCiscoGroup.begin(), kCiscoGroup.end(), frame.begin())) {
    return last == 0xcc || last == 0xcd || type == ETH_P_PAUSE;
  }
  return type == ETH_P_PAUSE;
}

bool may_be_partial(const Bytes& frame) {
  const View seen = view(frame);
  const size_t l3 = seen.behind;
  if (seen.type == ETH_P_ARP) return false;
  if (seen.type == ETH_P_IP && frame.size() >= l3 + kIpv4) {
    const size_t header = (frame[l3] & 0x0f) * 4u;
    const size_t length = get_be16(frame, l3 + 2);
    const bool readable = header >= kIpv4 && length >= header && l3 + length <= frame.size();
    if (!readable || (get_be16(frame, l3 + 6) & 0x3fff) != 0) return true;
    return transport_may_be_partial(frame, l3 + header, l3 + length, l3 + 12, 4, frame[l3 + 9]);
  }
  if (seen.type == ETH_P_IPV6 && frame.size() >= l3 + kIpv6) {
    const size_t end = l3 + kIpv6 + get_be16(frame, l3 + 4);
    if (end > frame.size() || frame[l3 + 6] == IPPROTO_ICMP) return true;
    return transport_may_be_partial(frame, l3 + kIpv6, end, l3 + 8, 16, frame[l3 + 6]);
  }
  return true;
}

Bytes without_tag(const Bytes& frame) {
  Bytes bytes = frame;
  const auto tag = bytes.begin() + 2 * ETH_ALEN;
  if (view(frame).tag_type != 0) bytes.erase(tag, tag + kTag);
  return bytes;
}

}  // namespace xvnet::test
