// SPDX-License-Identifier: BSD-2-Clause
//
// What must hold of any frame, by the standards and by what xvnet promises. Written apart from
// bpf/, so that the one checks the other; it says what may happen, not what does.
#pragma once

#include <cstdint>

#include "checksum.h"

namespace xvnet::test {

enum class Must {
  kDrop,        // nobody gets it, the host neither
  kLeave,       // the host's own: untouched, uncounted
  kStayInside,  // carried within the network, or dropped
};

struct Judgement {
  Must must = Must::kDrop;
  uint32_t network = 0;  // of kStayInside
};

// A frame of a VM whose port is in this network.
Judgement judge_from_vm(const Bytes& frame, uint32_t network);
// A frame of the rig's uplink.
Judgement judge_from_uplink(const Bytes& frame);

// Whether a sender might have left a checksum in this frame for a device to finish: true unless the
// bytes show that it did not.
bool may_be_unfinished(const Bytes& frame);

// The frame from behind its outer tag on, without the addresses: what no stage changes.
Bytes content(const Bytes& frame);

}  // namespace xvnet::test
