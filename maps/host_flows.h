/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_flows: what the host has said to VMs by what is forwarded to them. A VM reaches the host with the answers to that,
 * and with nothing else.
 *
 * A forward has no sessions, because anybody may speak to it; these are kept because the host does not let anybody speak
 * to it. It is the host's own programs that fill it, no VM and nobody outside can: so whoever was silent for longest may
 * make room for others.
 */
#pragma once

#include "address.h"

#define MAX_HOST_FLOWS 16384

XVNET_ABI_BEGIN
struct host_flow_key {
	struct address outside;
	struct address host;
	__u16 port; /* public; of an ICMP query its identifier, both times */
	__u16 host_port;
	__u8 protocol; /* enum nat_protocol; NAT_ANY: without ports, to a floating address */
	__u8 pad[3];
};
XVNET_ABI_SIZE(host_flow_key, 40);

struct host_flow {
	__u64 last_seen_ns; /* CLOCK_MONOTONIC */
	__u32 ifindex;	    /* where the host sent from, and the answers come in */
	__u8 mac[6];	    /* the host's there */
	__u16 pad;
};
XVNET_ABI_SIZE(host_flow, 24);
XVNET_ABI_END
