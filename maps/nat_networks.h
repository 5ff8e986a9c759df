/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat_networks: the NAT settings of each network with NETWORK_NAT (networks.h). The loader writes the entries.
 *
 * A range is a set of ports of one public address, reserved for one network. So a network can exhaust only its own
 * ports, and a public port identifies the network. An inside address always gets the same public address (paired
 * pooling, RFC 4787, REQ-2).
 */
#pragma once

#include "nat_mappings.h"

#define MAX_NAT_RANGES 8
#define MAX_NAT_ASKED  16
#define NAT_TOLD_NS    10000000ull /* interval between ICMP errors to remotes: 100 a second (RFC 1812, 4.3.2.8) */
#define NAT_TOLD_BURST 50	   /* errors that may be sent at once */
#define NAT_ASKED_S    3	   /* time that the kernel probes for a neighbour: mcast_solicit * retrans_time_ms */

XVNET_ABI_BEGIN
enum nat_flags {
	NAT_ANY_REMOTE = 1 << 0,     /* endpoint-independent filtering (RFC 4787, REQ-8); else address-dependent */
	NAT_HAS_FLOATING = 1 << 1,   /* at least one VM has a floating address */
	NAT_HAS_EXCEPTIONS = 1 << 2, /* traffic to some remotes is not translated: see routes.h */
};

enum nat_range_flags {
	NAT_RANGE_OF_HOST = 1 << 0, /* the host also has the address: skip ports of its sockets */
};

struct nat_range {
	struct address address;
	__u16 first; /* first port; even */
	__u16 count; /* number of ports; even */
	__u32 flags; /* enum nat_range_flags */
};
XVNET_ABI_SIZE(nat_range, 24);

struct nat_network {
	__u32 flags;	   /* enum nat_flags */
	__u32 bucket_mask; /* number of buckets in nat_sessions.h, a power of two, minus one */
	__u32 range_count; /* at least 1 */
	__u32 pad;
	__u64 full_until_ns[4]; /* by enum nat_protocol: search for no free port earlier; written by programs */
	struct nat_range ranges[MAX_NAT_RANGES];
	/*
	 * Hosts on the uplink's own subnets whose MACs the kernel is resolving; written by programs. The upper 32 bits
	 * are the IPv4 address, the lower 32 bits the time of the last frame in seconds. All networks share the
	 * kernel's neighbour table, so this bounds the entries that one network causes.
	 */
	__u64 asked[MAX_NAT_ASKED];
	__u64 told_until_ns; /* rate limit: each ICMP error to a remote adds NAT_TOLD_NS; written by programs */
	/* Zeros. A new slot is copied from here, because the program's stack has no room for one. */
	__u64 empty_slot[sizeof(struct nat_slot) / 8];
};
XVNET_ABI_SIZE(nat_network, 16 + 32 + 24 * MAX_NAT_RANGES + 8 * MAX_NAT_ASKED + 8 + sizeof(struct nat_slot));
XVNET_ABI_END
