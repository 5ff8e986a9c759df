/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdb: the interface behind which each MAC of a network is.
 *
 * A learned entry occupies a slot of its interface's learner, which bounds the number of entries (learners.h). The
 * loader writes static entries (a port's --mac) and host entries (the own MAC of an untagged network's uplink).
 * Learning never replaces a host entry. Programs end a static entry only when the port's device is gone, or when its
 * MAC broadcasts elsewhere while the port has no carrier.
 */
#pragma once

#include "abi.h"

XVNET_ABI_BEGIN
enum {
	FDB_SLOT_STATIC = 0xffffffff, /* the MAC is configured on the port */
	FDB_SLOT_HOST = 0xfffffffe,   /* the MAC is the host's: deliver to the uplink's receive path */
};

struct fdb_key {
	__u32 network;
	__u8 mac[6];
	__u16 pad;
};
XVNET_ABI_SIZE(fdb_key, 12);

struct fdb_entry {
	__u32 ifindex;
	__u32 slot;	    /* index in the learner, or FDB_SLOT_* */
	__u64 last_seen_ns; /* CLOCK_MONOTONIC; refreshed at most once a second */
};
XVNET_ABI_SIZE(fdb_entry, 16);
XVNET_ABI_END
