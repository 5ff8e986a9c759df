// SPDX-License-Identifier: BSD-2-Clause
//
// Frames for tests to send. Each has a unique marker in its payload. Tests find the frame by it at
// any place, also if the frame was changed on the way.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "checksum.h"
#include "vnet_header.h"

namespace xvnet::test {

using Marker = std::array<uint8_t, 8>;
Marker next_marker();
bool contains(const Bytes& bytes, const Marker& marker);

constexpr const char* kBroadcast = "ff:ff:ff:ff:ff:ff";
constexpr uint16_t kTestEthertype = 0x88b5;  // IEEE 802 local experimental 1

std::array<uint8_t, 6> parse_mac(const std::string& text);
std::string mac_text(const Bytes& frame, size_t at);

struct VlanTag {
  uint16_t vid = 0;
  uint8_t pcp = 0;
  bool dei = false;
  uint16_t tpid = 0x8100;

  uint16_t tci() const { return static_cast<uint16_t>(pcp << 13 | (dei ? 1 << 12 : 0) | vid); }
};

struct Frame {
  Bytes bytes;
  Marker marker{};
  // The sender's offload data for the frame. All zero means a complete frame. Offsets are from the
  // frame's first byte and in host byte order, as on a TAP whose header is not set to little
  // endian.
  VnetHeader vnet;

  // The frame with one more outer tag.
  Frame tagged(const VlanTag& tag) const;
  Frame tagged(uint16_t vid) const { return tagged(VlanTag{.vid = vid}); }
  bool partial() const { return (vnet.flags & kNeedsChecksum) != 0; }
  // The frame with a complete checksum, as a receiver without offloads must get it.
  Frame finished() const;
};

// The addresses of sender and receiver. The defaults are two tenants' machines. Tests set the MACs.
struct Ends {
  std::string src_mac = "02:00:00:00:00:01";
  std::string dst_mac = "02:00:00:00:00:02";
  std::string src_ip = "10.0.0.1";
  std::string dst_ip = "10.0.0.2";
  std::string src_ip6 = "2001:db8::1";
  std::string dst_ip6 = "2001:db8::2";
  uint16_t src_port = 40000;
  uint16_t dst_port = 9;  // discard: no service answers

  static Ends between(const std::string& src_mac, const std::string& dst_mac);
};

constexpr size_t kSmallPayload = 64;

Frame udp4(const Ends& ends, size_t payload = kSmallPayload);
Frame udp6(const Ends& ends, size_t payload = kSmallPayload);
Frame tcp4(const Ends& ends, size_t payload = kSmallPayload);
Frame tcp6(const Ends& ends, size_t payload = kSmallPayload);
Frame icmp4_echo(const Ends& ends);
Frame icmp6_echo(const Ends& ends);
Frame arp_request(const Ends& ends);
Frame neighbour_solicitation(const Ends& ends);
// TCP behind a hop-by-hop options header and a destination options header.
Frame tcp6_behind_extensions(const Ends& ends, size_t payload = kSmallPayload);
enum class FragmentPart { kFirst, kLast };
Frame udp4_fragment(const Ends& ends, FragmentPart part);
enum class OuterChecksum { kZero, kComplete };
Frame vxlan(const Ends& outer, const Frame& inner, OuterChecksum checksum);
// A frame of any ethertype, with the marker in its payload.
Frame of_ethertype(const Ends& ends, uint16_t ethertype, size_t payload = kSmallPayload);
Frame stp_bpdu(const std::string& src_mac);
Frame lldp(const std::string& src_mac);
Frame pause_frame(const std::string& src_mac);  // IEEE 802.3x

enum class Transport { kOuter, kInnerOfVxlan };
// Gives the frame a partial checksum of TCP, UDP or ICMPv6, as a guest with default virtio-net
// settings does.
Frame leave_partial(Frame frame, Transport which = Transport::kOuter);

// A TCP frame of `payload` bytes, for the device to cut into segments of `segment` bytes. A test
// can find the last segment by its marker only if it has 72 bytes or more.
Frame tso4(const Ends& ends, size_t payload, uint16_t segment);
Frame tso6(const Ends& ends, size_t payload, uint16_t segment);

Bytes tcp_payload(const Bytes& frame);
uint32_t tcp_sequence(const Bytes& frame);

}  // namespace xvnet::test
