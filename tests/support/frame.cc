// SPDX-License-Identifier: BSD-2-Clause
#include "frame.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <tins/tins.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "process.h"

namespace xvnet::test {

namespace {

constexpr std::ptrdiff_t kTagAt = 12;  // behind the two MACs
constexpr size_t kMarkerPeriod = 64;   // each segment of a TSO frame holds a whole marker
constexpr size_t kMinimumFrame = 60;   // IEEE 802.3, without the FCS

// The marker repeats every 64 bytes. The other bytes depend on their offset, so that a moved or
// lost byte is noticed.
Bytes make_payload(const Marker& marker, size_t size) {
  if (size < marker.size()) throw SetupError("a payload must have room for its marker");
  Bytes payload(size);
  for (size_t i = 0; i < size; ++i) {
    payload[i] = static_cast<uint8_t>(i * 7 + i / kMarkerPeriod * 13);
  }
  for (size_t at = 0; at + marker.size() <= size; at += kMarkerPeriod) {
    std::copy(marker.begin(), marker.end(), payload.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return payload;
}

Bytes ethernet_header(const std::string& src, const std::string& dst, uint16_t type) {
  Bytes bytes;
  for (const auto& mac : {parse_mac(dst), parse_mac(src)}) {
    bytes.insert(bytes.end(), mac.begin(), mac.end());
  }
  append_be16(bytes, type);
  return bytes;
}

void append(Bytes& to, const Bytes& from) { to.insert(to.end(), from.begin(), from.end()); }

Frame make_frame(const Ends& ends, uint16_t type, const Bytes& content, const Marker& marker) {
  Frame frame;
  frame.marker = marker;
  frame.bytes = ethernet_header(ends.src_mac, ends.dst_mac, type);
  append(frame.bytes, content);
  return frame;
}

// The marker goes into the padding, for frames whose own format has no room for it.
Frame with_marker_in_padding(Frame frame) {
  const size_t needed = std::max(kMinimumFrame, frame.bytes.size() + frame.marker.size());
  frame.bytes.resize(needed);
  std::copy(frame.marker.begin(), frame.marker.end(),
            frame.bytes.end() - static_cast<std::ptrdiff_t>(frame.marker.size()));
  return frame;
}

Tins::IP ip4(const Ends& ends) {
  Tins::IP ip(ends.dst_ip, ends.src_ip);
  ip.ttl(64);
  return ip;
}

Tins::IPv6 ip6(const Ends& ends) {
  Tins::IPv6 ip(ends.dst_ip6, ends.src_ip6);
  ip.hop_limit(64);
  return ip;
}

Tins::TCP tcp(const Ends& ends) {
  Tins::TCP header(ends.dst_port, ends.src_port);
  header.seq(1000);
  header.ack_seq(1);
  header.window(0xffff);
  header.flags(Tins::TCP::ACK);
  return header;
}

template <typename Ip, typename Transport>
Frame ip_frame(const Ends& ends, Ip ip, const Transport& transport, size_t size) {
  const Marker marker = next_marker();
  ip /= transport / Tins::RawPDU(make_payload(marker, size));
  const bool v4 = std::is_same_v<Ip, Tins::IP>;
  return make_frame(ends, v4 ? ETH_P_IP : ETH_P_IPV6, ip.serialize(), marker);
}

// The TCP data offset counts words of four bytes.
size_t tcp_header_size(const Bytes& frame, size_t l4) {
  return size_t{4} * (frame.at(l4 + 12) >> 4);
}

Frame as_tso(Frame frame, Gso type, uint16_t segment) {
  frame = leave_partial(std::move(frame));
  const size_t tcp_header = tcp_header_size(frame.bytes, frame.vnet.csum_start);
  frame.vnet.gso_type = type;
  frame.vnet.gso_size = segment;
  frame.vnet.hdr_len = static_cast<uint16_t>(frame.vnet.csum_start + tcp_header);
  return frame;
}

}  // namespace

Marker next_marker() {
  static std::atomic<uint32_t> counter = 0;
  const uint32_t count = ++counter;
  const auto pid = static_cast<uint32_t>(getpid());
  Marker marker{'X', 'V'};
  for (size_t i = 0; i < 2; ++i) marker[2 + i] = static_cast<uint8_t>(pid >> (8 * i));
  for (size_t i = 0; i < 4; ++i) marker[4 + i] = static_cast<uint8_t>(count >> (8 * i));
  return marker;
}

bool contains(const Bytes& bytes, const Marker& marker) {
  return memmem(bytes.data(), bytes.size(), marker.data(), marker.size()) != nullptr;
}

std::array<uint8_t, 6> parse_mac(const std::string& text) {
  std::array<uint8_t, 6> mac{};
  const Tins::HWAddress<6> address(text);
  std::copy(address.begin(), address.end(), mac.begin());
  return mac;
}

std::string mac_text(const Bytes& frame, size_t at) {
  return Tins::HWAddress<6>(&frame.at(at)).to_string();
}

Ends Ends::between(const std::string& src_mac, const std::string& dst_mac) {
  Ends ends;
  ends.src_mac = src_mac;
  ends.dst_mac = dst_mac;
  return ends;
}

Frame Frame::tagged(const VlanTag& tag) const {
  Frame result = *this;
  Bytes header;
  append_be16(header, tag.tpid);
  append_be16(header, tag.tci());
  result.bytes.insert(result.bytes.begin() + kTagAt, header.begin(), header.end());
  const auto shift = static_cast<uint16_t>(header.size());
  if (partial()) result.vnet.csum_start = static_cast<uint16_t>(vnet.csum_start + shift);
  if (vnet.hdr_len != 0) result.vnet.hdr_len = static_cast<uint16_t>(vnet.hdr_len + shift);
  return result;
}

Frame Frame::finished() const {
  Frame result = *this;
  result.vnet = {};
  if (!partial()) return result;
  finish_checksum(result.bytes, vnet.csum_start, vnet.csum_offset, bytes.size());
  return result;
}

Frame udp4(const Ends& ends, size_t payload) {
  return ip_frame(ends, ip4(ends), Tins::UDP(ends.dst_port, ends.src_port), payload);
}

Frame udp6(const Ends& ends, size_t payload) {
  return ip_frame(ends, ip6(ends), Tins::UDP(ends.dst_port, ends.src_port), payload);
}

Frame tcp4(const Ends& ends, size_t payload) {
  return ip_frame(ends, ip4(ends), tcp(ends), payload);
}

Frame tcp6(const Ends& ends, size_t payload) {
  return ip_frame(ends, ip6(ends), tcp(ends), payload);
}

Frame icmp4_echo(const Ends& ends) {
  return ip_frame(ends, ip4(ends), Tins::ICMP(Tins::ICMP::ECHO_REQUEST), kSmallPayload);
}

Frame icmp6_echo(const Ends& ends) {
  return ip_frame(ends, ip6(ends), Tins::ICMPv6(Tins::ICMPv6::ECHO_REQUEST), kSmallPayload);
}

Frame arp_request(const Ends& ends) {
  Tins::ARP arp(ends.dst_ip, ends.src_ip, "00:00:00:00:00:00", ends.src_mac);
  arp.opcode(Tins::ARP::REQUEST);
  return with_marker_in_padding(make_frame(ends, ETH_P_ARP, arp.serialize(), next_marker()));
}

Frame neighbour_solicitation(const Ends& ends) {
  Tins::ICMPv6 solicitation(Tins::ICMPv6::NEIGHBOUR_SOLICIT);
  solicitation.target_addr(ends.dst_ip6);
  solicitation.source_link_layer_addr(ends.src_mac);
  Tins::IPv6 ip = ip6(ends);
  ip.hop_limit(255);  // RFC 4861, 7.1.1
  ip /= solicitation;
  return with_marker_in_padding(make_frame(ends, ETH_P_IPV6, ip.serialize(), next_marker()));
}

Frame tcp6_behind_extensions(const Ends& ends, size_t payload) {
  Frame frame = tcp6(ends, payload);
  // Two options headers of eight bytes, each with one PadN option (RFC 8200, 4.2).
  const Bytes extensions = {IPPROTO_DSTOPTS, 0, 1, 4, 0, 0, 0, 0, IPPROTO_TCP, 0, 1, 4, 0, 0, 0, 0};
  const size_t l4 = parse_layers(frame.bytes).l4;
  frame.bytes.insert(frame.bytes.begin() + static_cast<std::ptrdiff_t>(l4), extensions.begin(),
                     extensions.end());
  const size_t length_field = ETH_HLEN + 4;
  frame.bytes[ETH_HLEN + 6] = IPPROTO_HOPOPTS;
  put_be16(frame.bytes, length_field,
           static_cast<uint16_t>(get_be16(frame.bytes, length_field) + extensions.size()));
  return frame;
}

Frame udp4_fragment(const Ends& ends, FragmentPart part) {
  constexpr size_t kCut = 1024;  // a multiple of 8 that leaves a marker in each part
  const Frame whole = udp4(ends, 2 * kCut);
  const size_t l4 = parse_layers(whole.bytes).l4;
  const auto middle = whole.bytes.begin() + static_cast<std::ptrdiff_t>(l4 + kCut);
  Tins::IP ip = ip4(ends);
  ip.id(4711);
  ip.protocol(IPPROTO_UDP);
  if (part == FragmentPart::kFirst) {
    ip.flags(Tins::IP::MORE_FRAGMENTS);
    ip /= Tins::RawPDU(whole.bytes.begin() + static_cast<std::ptrdiff_t>(l4), middle);
  } else {
    ip.fragment_offset(kCut / 8);
    ip /= Tins::RawPDU(middle, whole.bytes.end());
  }
  return make_frame(ends, ETH_P_IP, ip.serialize(), whole.marker);
}

Frame vxlan(const Ends& outer, const Frame& inner, OuterChecksum checksum) {
  Bytes content = {0x08, 0, 0, 0, 0, 0, 42, 0};  // flags: VNI valid; VNI 42 (RFC 7348, 5)
  append(content, inner.bytes);
  Tins::IP ip = ip4(outer);
  ip /= Tins::UDP(kVxlanPort, outer.src_port) / Tins::RawPDU(content);
  Frame frame = make_frame(outer, ETH_P_IP, ip.serialize(), inner.marker);
  if (checksum == OuterChecksum::kZero) put_be16(frame.bytes, parse_layers(frame.bytes).l4 + 6, 0);
  return frame;
}

Frame of_ethertype(const Ends& ends, uint16_t ethertype, size_t payload) {
  const Marker marker = next_marker();
  return make_frame(ends, ethertype, make_payload(marker, payload), marker);
}

Frame stp_bpdu(const std::string& src_mac) {
  Tins::LLC llc(0x42, 0x42);  // the SAP of the spanning tree (IEEE 802.1D)
  llc.type(Tins::LLC::UNNUMBERED);
  Bytes content = (llc / Tins::STP()).serialize();
  const auto length = static_cast<uint16_t>(content.size());
  const Ends ends = Ends::between(src_mac, "01:80:c2:00:00:00");
  return with_marker_in_padding(make_frame(ends, length, content, next_marker()));
}

Frame lldp(const std::string& src_mac) {
  const auto mac = parse_mac(src_mac);
  Bytes content = {0x02, 0x07, 0x04};  // chassis id: a MAC address
  content.insert(content.end(), mac.begin(), mac.end());
  append(content, {0x04, 0x03, 0x07, 'p', '1'});    // port id, local
  append(content, {0x06, 0x02, 0x00, 0x78, 0, 0});  // time to live 120 s; the end
  const Ends ends = Ends::between(src_mac, "01:80:c2:00:00:0e");
  return with_marker_in_padding(make_frame(ends, ETH_P_LLDP, content, next_marker()));
}

Frame pause_frame(const std::string& src_mac) {
  const Ends ends = Ends::between(src_mac, "01:80:c2:00:00:01");
  const Bytes content = {0x00, 0x01, 0xff, 0xff};  // opcode PAUSE, longest time
  return with_marker_in_padding(make_frame(ends, ETH_P_PAUSE, content, next_marker()));
}

Frame leave_partial(Frame frame, Transport which) {
  constexpr size_t kUdpAndVxlanHeaders = 16;
  Layers layers = parse_layers(frame.bytes);
  if (which == Transport::kInnerOfVxlan) {
    layers = parse_layers(frame.bytes, layers.l4 + kUdpAndVxlanHeaders);
  }
  const size_t offset = checksum_offset(layers.protocol);
  if (layers.l4 == 0 || offset == 0) throw SetupError("this frame has no checksum to leave open");
  put_be16(frame.bytes, layers.l4 + offset, pseudo_header_sum(frame.bytes, layers));
  frame.vnet.flags = kNeedsChecksum;
  frame.vnet.csum_start = static_cast<uint16_t>(layers.l4);
  frame.vnet.csum_offset = static_cast<uint16_t>(offset);
  // A sum of zero may be written as 0x0000 or 0xffff. This avoids such a sum, so that tests can
  // compare whole frames.
  if (get_be16(frame.finished().bytes, layers.l4 + offset) == 0xffff) ++frame.bytes.back();
  return frame;
}

Frame tso4(const Ends& ends, size_t payload, uint16_t segment) {
  return as_tso(tcp4(ends, payload), Gso::kTcp4, segment);
}

Frame tso6(const Ends& ends, size_t payload, uint16_t segment) {
  return as_tso(tcp6(ends, payload), Gso::kTcp6, segment);
}

Bytes tcp_payload(const Bytes& frame) {
  const Layers layers = parse_layers(frame);
  const size_t start = layers.l4 + tcp_header_size(frame, layers.l4);
  return Bytes(frame.begin() + static_cast<std::ptrdiff_t>(start),
               frame.begin() + static_cast<std::ptrdiff_t>(layers.end));
}

uint32_t tcp_sequence(const Bytes& frame) {
  const size_t l4 = parse_layers(frame).l4;
  return static_cast<uint32_t>(get_be16(frame, l4 + 4)) << 16 | get_be16(frame, l4 + 6);
}

}  // namespace xvnet::test
