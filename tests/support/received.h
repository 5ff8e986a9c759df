// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "checksum.h"
#include "frame.h"
#include "vnet_header.h"

namespace xvnet::test {

constexpr size_t kLargestFrame = 70000;  // a GSO frame of 64 KiB with its headers

// A buffer for the next received frame. Each thread has one, because most receive calls find no
// frame, and clearing such a buffer each time would dominate their cost.
inline Bytes& receive_buffer() {
  thread_local Bytes buffer(kLargestFrame);
  return buffer;
}

// A received frame. `bytes` contains its tags, including those from metadata.
struct Received {
  Bytes bytes;
  VnetHeader vnet;  // all zero without a vnet header; offsets include a re-inserted tag
  bool tag_from_metadata = false;
  bool outgoing = false;  // the interface sent the frame
  int ifindex = 0;

  bool partial() const { return (vnet.flags & kNeedsChecksum) != 0; }
  bool gso() const { return vnet.gso_type != Gso::kNone; }
  // The frame with complete checksums, as its receiver finally sees it.
  Bytes finished() const { return Frame{bytes, {}, vnet}.finished().bytes; }
};

}  // namespace xvnet::test
