/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat_addresses: the public addresses. Written by the loader. What comes to one on an uplink is looked up in nat_slots.
 */
#pragma once

#include "address.h"

XVNET_ABI_BEGIN
enum nat_address_flags {
	NAT_ADDRESS_OF_HOST = 1 << 0,  /* the host's own: whatever no network asked for is the host's */
	NAT_ADDRESS_FLOATING = 1 << 1, /* all of it is one VM's: forwards.h */
};

struct nat_address {
	__u32 flags;  /* enum nat_address_flags */
	__u32 uplink; /* ifindex of where it is answered for by ARP; not of the host's own, which the host answers for */
	__u8 mac[6];  /* the uplink's */
	__u16 first;  /* the lowest and the highest port that a network has of it; 0: none has any */
	__u16 last;
	__u16 pad;
};
XVNET_ABI_SIZE(nat_address, 20);
XVNET_ABI_END
