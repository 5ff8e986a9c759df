/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * networks: the L2 network of one tenant, and the way its frames leave the host.
 *
 * A program reads an array element in about 10 instructions. The loader writes the memory-mapped array in single 64-bit
 * stores, so fields that must change together share one 64-bit word.
 */
#pragma once

#include "abi.h"

XVNET_ABI_BEGIN
enum network_flags {
	NETWORK_ADDRESSES = 1 << 0, /* it has a subnet: see addresses.h */
	NETWORK_GATEWAY = 1 << 1,   /* it has a gateway: see gateways.h */
	NETWORK_DHCP = 1 << 2,	    /* it has DHCP: see leases.h */
	NETWORK_NAT = 1 << 3,	    /* its gateway translates and routes out: see nat_networks.h */
	NETWORK_ROUTED = 1 << 4,    /* its gateway routes to other networks: see routes.h */
};

struct network {
	__u32 uplink;	   /* ifindex; 0 for a network that does not leave the host */
	__u16 vid;	   /* VID of frames on the uplink; 0 for an untagged network */
	__u16 flags;	   /* enum network_flags */
	__u64 ageing_ns;   /* a learned MAC ages out after this time; 0: unused id */
	__u32 uplink_macs; /* how many MACs may be learned at the uplink; only the loader reads it (learners.h) */
	__u32 pad;
};
XVNET_ABI_SIZE(network, 24);
XVNET_ABI_END
