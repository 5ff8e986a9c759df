// SPDX-License-Identifier: BSD-2-Clause
//
// Reads the fields of a frame that the model needs, by the standards. It is written independently
// of bpf/.
#pragma once

#include <cstdint>

#include "checksum.h"

namespace xvnet::test {

bool is_tag(uint16_t type);  // an EtherType of 802.1Q or 802.1ad

struct View {
  uint16_t tag_type = 0;  // 0: untagged
  uint16_t tci = 0;
  uint16_t type = 0;  // EtherType behind the outer tag
  size_t behind = 0;  // offset of what follows `type`; 0: the frame ends within the tag

  uint16_t vid() const { return tci & 0x0fff; }
};

View view(const Bytes& frame);

bool is_bad_source(const Bytes& frame);
// True for a link-local control frame. `type` is the EtherType behind the outer tag.
bool is_link_local(const Bytes& frame, uint16_t type);

// True unless the bytes prove that the frame has no partial checksum.
bool may_be_partial(const Bytes& frame);

// The frame without its outer tag, if it has one.
Bytes without_tag(const Bytes& frame);

}  // namespace xvnet::test
