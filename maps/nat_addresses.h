/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat_addresses: the public addresses. The loader writes the entries.
 *
 * Programs look up a frame for one of these addresses in nat_slots when it arrives on an uplink.
 */
#pragma once

#include "address.h"

XVNET_ABI_BEGIN
enum nat_address_flags {
	NAT_ADDRESS_OF_HOST = 1 << 0,  /* an address of the host: frames that no mapping expects go to the host */
	NAT_ADDRESS_FLOATING = 1 << 1, /* the whole address belongs to one VM: see forwards.h */
};

struct nat_address {
	__u32 flags; /* enum nat_address_flags */
	/* ifindex of the uplink that answers ARP for it; unused with NAT_ADDRESS_OF_HOST, where the host answers ARP */
	__u32 uplink;
	__u8 mac[6]; /* MAC of that uplink */
	__u16 first; /* lowest port of the networks' ranges; 0: no network has a range */
	__u16 last;
	__u16 pad;
};
XVNET_ABI_SIZE(nat_address, 20);
XVNET_ABI_END
