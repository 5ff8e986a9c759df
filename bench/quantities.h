// SPDX-License-Identifier: BSD-2-Clause
//
// Quantities other than the cost of a packet: commands, throughput, latency, memory. They use the
// wall clock, so they are information beside the ratios of one run.
#pragma once

#include "results.h"

namespace xvnet::bench {

// `attach` and `detach` of one port beside 1, 10, 100 and 1000 ports, and a restore of 1000 ports.
void measure_commands(Results& results);

// TCP between two namespaces, measured with iperf3: behind veths that are ports, and behind TAPs.
void measure_bulk(Results& results);

// Latency of a request and its response, from VM to VM and from VM to the far end of an uplink, at
// 10, 50 and 90 % of the load that a bridge can carry.
void measure_latency(Results& results);

// Frames per second on one CPU, and on two at once.
void measure_cores(Results& results);

// Memory that the kernel holds for the tables of a stack's instance, in bytes; 0 if it has none.
uint64_t map_bytes(const Stack& stack);

// Memory of a port, a MAC address and a mapping, from the measurements of scale.
void add_memory(Results& results);

}  // namespace xvnet::bench
