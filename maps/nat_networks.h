/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat_networks: how a network's own addresses are translated on their way out. Written by the loader; networks.h says
 * which networks have it.
 *
 * A range is ports of one public address that no other network has. So what a network uses up is its own, and a port
 * tells whose it is. An inside address always gets the same public address ("paired", RFC 4787, REQ-2).
 */
#pragma once

#include "nat_mappings.h"

#define MAX_NAT_RANGES 8
#define MAX_NAT_ASKED  16
#define NAT_TOLD_NS    10000000ull /* RFC 1812, 4.3.2.8: to remotes 100 errors a second */
#define NAT_TOLD_BURST 50
#define NAT_ASKED_S    3 /* so long the kernel asks for a neighbour (net.ipv4.neigh.*: mcast_solicit, retrans_time_ms) */

XVNET_ABI_BEGIN
enum nat_flags {
	NAT_ANY_REMOTE = 1 << 0,     /* endpoint-independent filtering, RFC 4787, REQ-8; else address-dependent */
	NAT_HAS_FLOATING = 1 << 1,   /* one of its VMs at least has a floating address */
	NAT_HAS_EXCEPTIONS = 1 << 2, /* to some it is not translated: routes.h */
};

enum nat_range_flags {
	NAT_RANGE_OF_HOST =
		1 << 0, /* of an address that the host has, too: ports that its sockets have are not given out */
};

struct nat_range {
	struct address address;
	__u16 first; /* even */
	__u16 count; /* even */
	__u32 flags; /* enum nat_range_flags */
};
XVNET_ABI_SIZE(nat_range, 24);

struct nat_network {
	__u32 flags;	   /* enum nat_flags */
	__u32 bucket_mask; /* buckets of nat_sessions.h, less one; they are a power of two */
	__u32 range_count; /* at least 1 */
	__u32 pad;
	__u64 full_until_ns[4]; /* no free port before that; programs, by enum nat_protocol */
	struct nat_range ranges[MAX_NAT_RANGES];
	/*
	 * Hosts beside the uplink whose MACs the kernel looks for: address in the upper half, when it was last asked in s in
	 * the lower. The kernel's table of neighbours is the whole machine's, so a network fills so many places of it at most.
	 */
	__u64 asked[MAX_NAT_ASKED];
	__u64 told_until_ns; /* programs: the time that ICMP errors to remotes have used up, NAT_TOLD_NS each */
	/* Zeros: what a new slot is made from, since a program's stack has no room for one. */
	__u64 empty_slot[sizeof(struct nat_slot) / 8];
};
XVNET_ABI_SIZE(nat_network, 16 + 32 + 24 * MAX_NAT_RANGES + 8 * MAX_NAT_ASKED + 8 + sizeof(struct nat_slot));
XVNET_ABI_END
