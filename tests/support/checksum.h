// SPDX-License-Identifier: BSD-2-Clause
//
// Checksums by RFC 1071, written apart from libtins's so that the one checks the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace xvnet::test {

using Bytes = std::vector<uint8_t>;

constexpr uint16_t kVxlanPort = 4789;  // RFC 7348

uint16_t get_be16(const Bytes& bytes, size_t at);
void put_be16(Bytes& bytes, size_t at, uint16_t value);
void append_be16(Bytes& bytes, uint16_t value);

// Where the layers of a frame are; offsets from the frame's first byte.
struct Layers {
  uint16_t ethertype = 0;  // behind all VLAN tags; below 0x0600 a length (LLC)
  size_t tags = 0;         // number of VLAN tags
  size_t l3 = 0;
  uint8_t protocol = 0;  // the transport's, behind IPv6 extension headers
  size_t l4 = 0;         // 0: no transport header
  size_t end = 0;        // of the IP packet, by its own length field
  bool fragment = false;
};

// `at`: where the (inner) Ethernet header starts. A packet cut short has l4 == 0.
Layers parse_layers(const Bytes& frame, size_t at = 0);

// Where the checksum is within the transport header; 0 for a protocol without one.
size_t checksum_offset(uint8_t protocol);

// The folded, not complemented sum of the pseudo-header: what a guest leaves in the checksum field
// of a frame whose checksum it does not finish (VIRTIO_NET_HDR_F_NEEDS_CSUM).
uint16_t pseudo_header_sum(const Bytes& frame, const Layers& layers);

// Does what the receiver of NEEDS_CSUM has to: sums from `start` to `end`, stores at start +
// offset.
void finish_checksum(Bytes& frame, size_t start, size_t offset, size_t end);

// What is wrong with the checksums and lengths of the frame, of the frame inside a VXLAN packet
// too; empty when all is right.
std::string checksum_problems(const Bytes& frame, size_t at = 0);

}  // namespace xvnet::test
