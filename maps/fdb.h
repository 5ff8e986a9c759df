/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdb: where a MAC of a network is.
 *
 * A learned entry lives in a slot of the learner of its interface (learners.h), which is what bounds it. Static
 * entries (a port's --mac) and host entries (an untagged uplink's own MAC) are written by the loader alone and
 * are never learnt away.
 */
#pragma once

#include "abi.h"

XVNET_ABI_BEGIN
enum {
	FDB_SLOT_STATIC = 0xffffffff, /* the MAC is configured on the port */
	FDB_SLOT_HOST = 0xfffffffe,   /* the MAC is the host's, reached through the uplink's receive path */
};

struct fdb_key {
	__u32 network;
	__u8 mac[6];
	__u16 pad;
};
XVNET_ABI_SIZE(fdb_key, 12);

struct fdb_entry {
	__u32 ifindex;
	__u32 slot;	    /* of the learner, or FDB_SLOT_* */
	__u64 last_seen_ns; /* CLOCK_MONOTONIC, refreshed at most once a second */
};
XVNET_ABI_SIZE(fdb_entry, 16);
XVNET_ABI_END
