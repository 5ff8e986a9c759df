// SPDX-License-Identifier: BSD-2-Clause
//
// Sends a single frame and checks what arrives, before anything is measured.
#pragma once

#include "frame.h"
#include "place.h"
#include "received.h"

namespace xvnet::bench {

void send(Place& in, const test::Frame& frame);

// Returns the received frame with the marker of `frame`. Throws a SetupError if none arrives within
// some seconds.
test::Received expect_at(Place& out, const test::Frame& frame);

// Sends `sent`. The frame that arrives must equal `expected` byte for byte.
void check_carried(Place& in, const test::Frame& sent, Place& out, const test::Frame& expected);

// The addresses and ports of a UDP frame over IPv4.
struct FlowEnds {
  std::string src_mac, dst_mac, src_ip, dst_ip;
  uint16_t src_port = 0, dst_port = 0;
};
FlowEnds flow_ends(const test::Bytes& frame);

}  // namespace xvnet::bench
