// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "checksum.h"
#include "frame.h"
#include "vnet_header.h"

namespace xvnet::test {

constexpr size_t kLargestFrame = 70000;  // a GSO frame of 64 KiB with its headers

// For a frame that is about to be received. One for each thread, for most attempts are in vain, and
// to clear so much each time would take longer than all else of them.
inline Bytes& receive_buffer() {
  thread_local Bytes buffer(kLargestFrame);
  return buffer;
}

// A frame as it came out somewhere: tags are in `bytes`, also those the kernel held in metadata.
struct Received {
  Bytes bytes;
  VnetHeader vnet;  // all zero without a vnet header; offsets count a re-inserted tag
  bool tag_from_metadata = false;
  bool outgoing = false;  // sent by the interface itself rather than received
  int ifindex = 0;

  bool partial() const { return (vnet.flags & kNeedsChecksum) != 0; }
  bool gso() const { return vnet.gso_type != Gso::kNone; }
  // The frame as its receiver sees it in the end: what was left for it to finish is finished.
  Bytes finished() const { return Frame{bytes, {}, vnet}.finished().bytes; }
};

}  // namespace xvnet::test
