// SPDX-License-Identifier: BSD-2-Clause
//
// What is not the cost of a packet: commands, throughput, memory. By the clock, so for information
// beside the ratios of one run.
#pragma once

#include "results.h"

namespace xvnet::bench {

// `attach` and `detach` of one port beside 1, 10, 100 and 1000 of them, and 1000 in one go.
void measure_commands(Results& results);

// TCP between two namespaces, by iperf3: each behind a veth that is a port, and each behind a TAP.
void measure_bulk(Results& results);

// Of a request and its response, VM to VM and VM to the far end of an uplink, at 10, 50 and 90 % of
// the load that a bridge can bear.
void measure_latency(Results& results);

// Frames that one processor carries, and two at once.
void measure_cores(Results& results);

// Bytes that the kernel holds for the tables of a stack's instance; 0 when it has none.
uint64_t map_bytes(const Stack& stack);

// Of a port, a MAC address and a mapping, from what the measurements of scale found.
void add_memory(Results& results);

}  // namespace xvnet::bench
