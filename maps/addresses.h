/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addresses: the port that has each address of a network's subnet.
 *
 * The loader writes the entries. An entry with ifindex 0 reserves the address for a detached device, so that this
 * device gets the same address again. Another device gets it only when no other address is left. Programs update
 * `seen_mac` with the MAC from which the port last used the address. For an address that several ports may use
 * (allowed.h) programs also write the ifindex. It is 0 until one of these ports announces the address.
 */
#pragma once

#include "address.h"

#define ADDRESS_OWNER_SIZE 16 /* IFNAMSIZ, with the terminating zero */

XVNET_ABI_BEGIN
enum address_flags {
	ADDRESS_SHARED = 1 << 0, /* shared by the ports in allowed.h: no owner and no configured MAC */
};

struct address_key {
	__u32 network;
	struct address address;
};
XVNET_ABI_SIZE(address_key, 20);

struct address_entry {
	__u32 ifindex;			/* the port that has the address; 0: no port at present */
	__u8 mac[6];			/* MAC configured with --mac; zero: unknown */
	__u16 flags;			/* enum address_flags */
	char owner[ADDRESS_OWNER_SIZE]; /* name of the device */
	__u8 seen_mac[6];		/* MAC last seen with the address; zero: none yet */
	__u16 pad2;
};
XVNET_ABI_SIZE(address_entry, 36);
XVNET_ABI_END
