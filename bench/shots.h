// SPDX-License-Identifier: BSD-2-Clause
//
// Makes bursts from frames.
#pragma once

#include "traffic.h"

namespace xvnet::bench {

test::Ends vm_to_vm(size_t from, size_t to);

// A UDP frame over IPv4. `size` counts from the Ethernet header, without tags.
test::Frame udp_of(const test::Ends& ends, size_t size);

Shot shot(const Place& in, const test::Frame& frame);

Traffic repeated(const Place& in, const test::Frame& frame, size_t times, Place& out);

}  // namespace xvnet::bench
