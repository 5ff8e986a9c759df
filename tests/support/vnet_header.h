// SPDX-License-Identifier: BSD-2-Clause
//
// struct virtio_net_hdr (Virtio 1.2, 5.1.6). <linux/virtio_net.h> cannot be included from C++: it
// has a member named "class".
#pragma once

#include <cstdint>

namespace xvnet::test {

constexpr uint8_t kNeedsChecksum = 1;  // VIRTIO_NET_HDR_F_NEEDS_CSUM

enum class Gso : uint8_t { kNone = 0, kTcp4 = 1, kUdp = 3, kTcp6 = 4, kUdpL4 = 5 };

struct VnetHeader {
  uint8_t flags = 0;
  Gso gso_type = Gso::kNone;
  uint16_t hdr_len = 0;
  uint16_t gso_size = 0;
  uint16_t csum_start = 0;
  uint16_t csum_offset = 0;
};
static_assert(sizeof(VnetHeader) == 10);

// The header plus num_buffers, with VIRTIO_NET_F_MRG_RXBUF.
constexpr int kVnetHeaderWithBuffers = 12;

}  // namespace xvnet::test
