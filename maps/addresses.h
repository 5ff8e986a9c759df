/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addresses: whose an address of a network's subnet is. Written by the loader.
 *
 * An entry of ifindex 0 is kept for a device that was detached, so that it gets the same address again; another
 * device gets it only when nothing else is left. Programs note in `seen_mac` from which MAC the port last used it. Of an
 * address that several ports may have (allowed.h) they write the ifindex, too: it is 0 until one of them announces it.
 */
#pragma once

#include "address.h"

#define ADDRESS_OWNER_SIZE 16 /* IFNAMSIZ, with its terminating zero */

XVNET_ABI_BEGIN
enum address_flags {
	ADDRESS_SHARED = 1 << 0, /* of the ports in allowed.h: it has no owner by name, and no configured MAC */
};

struct address_key {
	__u32 network;
	struct address address;
};
XVNET_ABI_SIZE(address_key, 20);

struct address_entry {
	__u32 ifindex;			/* the port; 0: none at present */
	__u8 mac[6];			/* the port's --mac; zero: not known */
	__u16 flags;			/* enum address_flags */
	char owner[ADDRESS_OWNER_SIZE]; /* the device's name */
	__u8 seen_mac[6];		/* zero: none yet */
	__u16 pad2;
};
XVNET_ABI_SIZE(address_entry, 36);
XVNET_ABI_END
