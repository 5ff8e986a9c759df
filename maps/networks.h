/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * networks: one tenant's L2 segment, and how it leaves the host.
 *
 * An array, which a program reads in ten instructions. The loader writes it through its memory, in words of 64 bits,
 * each at once: what belongs together is in one.
 */
#pragma once

#include "abi.h"

XVNET_ABI_BEGIN
enum network_flags {
	NETWORK_ADDRESSES = 1 << 0, /* it has a subnet: addresses.h */
	NETWORK_GATEWAY = 1 << 1,   /* and a gateway: gateways.h */
	NETWORK_DHCP = 1 << 2,	    /* and DHCP: leases.h */
	NETWORK_NAT = 1 << 3,	    /* its gateway leads out: nat_networks.h */
	NETWORK_ROUTED = 1 << 4,    /* its gateway leads to other networks: routes.h */
};

struct network {
	__u32 uplink;	   /* ifindex, 0 when nothing leaves the host */
	__u16 vid;	   /* pushed towards the uplink; 0 in an untagged network */
	__u16 flags;	   /* enum network_flags */
	__u64 ageing_ns;   /* a learned MAC unseen for longer is unknown; 0: there is no such network */
	__u32 uplink_macs; /* how many MACs may be learned at the uplink; the loader's own note: learners.h */
	__u32 pad;
};
XVNET_ABI_SIZE(network, 24);
XVNET_ABI_END
