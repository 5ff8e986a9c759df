// SPDX-License-Identifier: BSD-2-Clause
#include "answer_model.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include <algorithm>

namespace xvnet::test {

namespace {

constexpr size_t kIp = ETH_HLEN;
constexpr size_t kIpHeader = 20;
constexpr size_t kIcmp = kIp + kIpHeader;
constexpr size_t kIcmpHeader = 8;
constexpr size_t kArpSize = 28;
constexpr uint16_t kTtlAndProtocol = 64 << 8 | IPPROTO_ICMP;

template <typename Array>
Array array_at(const Bytes& frame, size_t at) {
  Array array{};
  std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(at), array.size(), array.begin());
  return array;
}

template <typename Array>
void put_array(Bytes& frame, size_t at, const Array& array) {
  std::ranges::copy(array, frame.begin() + static_cast<std::ptrdiff_t>(at));
}

uint32_t header_sum(const Bytes& frame) {
  uint32_t sum = 0;
  for (size_t at = 0; at < kIpHeader; at += 2) sum += get_be16(frame, kIp + at);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

bool is_later_fragment(const Bytes& frame) { return (get_be16(frame, kIp + 6) & 0x1fff) != 0; }

// True for an IPv4 header without options that is valid, including its length and checksum.
bool has_ipv4_header(const Bytes& frame) {
  if (frame.size() < kIcmp || get_be16(frame, 2 * ETH_ALEN) != ETH_P_IP) return false;
  const size_t total = get_be16(frame, kIp + 2);
  return frame[kIp] == 0x45 && total >= kIpHeader && kIp + total <= frame.size() &&
         header_sum(frame) == 0xffff;
}

bool is_ping(const Bytes& frame, const Ipv4Bytes& gateway) {
  if (!has_ipv4_header(frame) || frame[kIp + 9] != IPPROTO_ICMP) return false;
  if (array_at<Ipv4Bytes>(frame, kIp + 16) != gateway ||
      array_at<Ipv4Bytes>(frame, kIp + 12) == gateway)
    return false;
  if (is_later_fragment(frame)) return true;
  return get_be16(frame, kIp + 2) >= kIpHeader + kIcmpHeader && get_be16(frame, kIcmp) == 0x0800;
}

// RFC 1624, equation 3: the ICMP type changes from 8 to 0, so the first word changes from 0x0800 to
// 0.
uint16_t updated(uint16_t checksum) {
  uint32_t sum = (0xffffu - checksum) + (0xffffu - 0x0800u);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(0xffff - (sum == 0 ? 0xffff : sum));
}

void turn_ethernet(Bytes& frame, const MacBytes& from) {
  put_array(frame, 0, array_at<MacBytes>(frame, ETH_ALEN));
  put_array(frame, ETH_ALEN, from);
}

}  // namespace

std::optional<Ipv4Bytes> arp_sender(const Bytes& frame) {
  if (frame.size() < ETH_HLEN + kArpSize || get_be16(frame, 2 * ETH_ALEN) != ETH_P_ARP)
    return std::nullopt;
  return array_at<Ipv4Bytes>(frame, ETH_HLEN + 14);
}

std::optional<ArpView> view_arp(const Bytes& frame) {
  constexpr std::array<uint8_t, 4> kProtocolAndSizes = {8, 0, ETH_ALEN, 4};
  const auto sender = arp_sender(frame);
  if (!sender || array_at<std::array<uint8_t, 4>>(frame, ETH_HLEN + 2) != kProtocolAndSizes)
    return std::nullopt;
  return ArpView{.operation = get_be16(frame, ETH_HLEN + 6),
                 .target = array_at<Ipv4Bytes>(frame, ETH_HLEN + 24)};
}

Bytes arp_reply(const Bytes& frame, const MacBytes& mac) {
  using Station = std::array<uint8_t, 10>;  // MAC and address
  constexpr size_t kSender = ETH_HLEN + 8;
  Bytes reply = frame;
  turn_ethernet(reply, mac);
  put_be16(reply, ETH_HLEN + 6, 2);
  put_array(reply, kSender + sizeof(Station), array_at<Station>(frame, kSender));
  put_array(reply, kSender, mac);
  put_array(reply, kSender + ETH_ALEN, array_at<Ipv4Bytes>(frame, ETH_HLEN + 24));
  return reply;
}

std::optional<Bytes> ping_reply(const Bytes& frame, const Ipv4Bytes& gateway) {
  if (!is_ping(frame, gateway)) return std::nullopt;
  Bytes reply = frame;
  turn_ethernet(reply, kGatewayMac);
  put_array(reply, kIp + 12, gateway);
  put_array(reply, kIp + 16, array_at<Ipv4Bytes>(frame, kIp + 12));
  put_be16(reply, kIp + 8, kTtlAndProtocol);
  put_be16(reply, kIp + 10, 0);
  put_be16(reply, kIp + 10, static_cast<uint16_t>(~header_sum(reply)));
  if (is_later_fragment(frame)) return reply;
  put_be16(reply, kIcmp, 0);
  put_be16(reply, kIcmp + 2, updated(get_be16(frame, kIcmp + 2)));
  return reply;
}

}  // namespace xvnet::test
