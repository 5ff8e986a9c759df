// SPDX-License-Identifier: BSD-2-Clause
//
// What the model has to know of a frame's bytes, by the standards. Written apart from bpf/.
#pragma once

#include <cstdint>

#include "checksum.h"

namespace xvnet::test {

bool is_tag(uint16_t type);  // an EtherType of 802.1Q or 802.1ad

struct View {
  uint16_t tag_type = 0;  // 0: untagged
  uint16_t tci = 0;
  uint16_t type = 0;  // behind the outer tag
  size_t behind = 0;  // offset of what follows the type; 0: the frame ends within the tag

  uint16_t vid() const { return tci & 0x0fff; }
};

View view(const Bytes& frame);

bool is_bad_source(const Bytes& frame);
// Of a protocol that ends at the link. `type`: behind the outer tag.
bool is_link_local(const Bytes& frame, uint16_t type);

// Whether a sender might have left a checksum in this frame for a device to finish: true unless the
// bytes show that it did not.
bool may_be_unfinished(const Bytes& frame);

// Without its outer tag, if it has one.
Bytes without_tag(const Bytes& frame);

}  // namespace xvnet::test
