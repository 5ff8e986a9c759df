/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_flows: the flows that the host opened to VMs through forwards. A VM can reach the host only with replies to
 * these.
 *
 * A forward has no sessions, because any remote may use it. VMs must not reach the host otherwise, so its own flows are
 * recorded here. Only the programs that see the host's own frames add entries; no VM and no remote can. It is therefore
 * safe that the kernel evicts the least recently used flow when the table is full.
 */
#pragma once

#include "address.h"

#define MAX_HOST_FLOWS 16384

XVNET_ABI_BEGIN
struct host_flow_key {
	struct address outside;
	struct address host;
	__u16 port; /* public port; for an ICMP query, port and host_port are both its identifier */
	__u16 host_port;
	__u8 protocol; /* enum nat_protocol; NAT_ANY: a floating address and a protocol without ports */
	__u8 pad[3];
};
XVNET_ABI_SIZE(host_flow_key, 40);

struct host_flow {
	__u64 last_seen_ns; /* CLOCK_MONOTONIC */
	__u32 ifindex;	    /* device on which the host sent, and on which it gets the replies */
	__u8 mac[6];	    /* the host's MAC on that device */
	__u16 pad;
};
XVNET_ABI_SIZE(host_flow, 24);
XVNET_ABI_END
