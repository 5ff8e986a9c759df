// SPDX-License-Identifier: BSD-2-Clause
//
// Checksums by RFC 1071. They are written independently of libtins, so that each checks the other.
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

// The layers of a frame, as offsets from the frame's first byte.
struct Layers {
  uint16_t ethertype = 0;  // behind all VLAN tags; below 0x0600 it is a length (LLC)
  size_t tags = 0;         // number of VLAN tags
  size_t l3 = 0;
  uint8_t protocol = 0;  // transport protocol, behind IPv6 extension headers
  size_t l4 = 0;         // 0: no transport header
  size_t end = 0;        // end of the IP packet, by its own length field
  bool fragment = false;
};

// `at` is the offset of the (inner) Ethernet header. A truncated packet has l4 == 0.
Layers parse_layers(const Bytes& frame, size_t at = 0);

// The offset of the checksum in the transport header. 0 for a protocol without a checksum.
size_t checksum_offset(uint8_t protocol);

// The folded sum of the pseudo-header, not complemented. A guest leaves it in the checksum field of
// a frame with a partial checksum (VIRTIO_NET_HDR_F_NEEDS_CSUM).
uint16_t pseudo_header_sum(const Bytes& frame, const Layers& layers);

// Completes a partial checksum, as the receiver of NEEDS_CSUM must: sums from `start` to `end` and
// stores the result at start + offset.
void finish_checksum(Bytes& frame, size_t start, size_t offset, size_t end);

// Describes wrong checksums and lengths of the frame, and of the frame inside a VXLAN packet. Empty
// when all are correct.
std::string checksum_problems(const Bytes& frame, size_t at = 0);

}  // namespace xvnet::test
