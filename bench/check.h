// SPDX-License-Identifier: BSD-2-Clause
//
// Sends a single frame and looks at what comes out, before anything is timed.
#pragma once

#include "frame.h"
#include "place.h"
#include "received.h"

namespace xvnet::bench {

void send(Place& in, const test::Frame& frame);

// What came out with that frame's marker; a SetupError when nothing did within some seconds.
test::Received expect_at(Place& out, const test::Frame& frame);

// Sends `sent`; what comes out has to be `expected`, each byte of it.
void check_carried(Place& in, const test::Frame& sent, Place& out, const test::Frame& expected);

// The addresses of a frame with UDP in IPv4.
struct FlowEnds {
  std::string src_mac, dst_mac, src_ip, dst_ip;
  uint16_t src_port = 0, dst_port = 0;
};
FlowEnds flow_ends(const test::Bytes& frame);

}  // namespace xvnet::bench
