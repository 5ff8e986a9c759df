/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * learners: the MACs that an interface has in the FDB of a network, and the addresses that send to the host from there.
 *
 * A learner is an array of slots, and a slot holds one MAC. The slot is in use while the MAC's FDB entry names this
 * interface and this slot and has not aged; otherwise it is free. A program claims a free slot with one
 * compare-and-swap, and removes the aged FDB entry that the slot held. So the number of entries is bounded by
 * construction, no garbage collector is needed, and the MACs of one port cannot displace those of another.
 *
 * A source address that sends to the host's interface occupies one of the `senders`, until it has sent nothing for
 * HOST_SENDER_SECONDS. A port may use the first HOST_SENDERS_OF_PORT of them; the stations behind a network's uplink
 * may use all. The hash of an address selects the HOST_SENDER_CHOICES elements that it may occupy.
 */
#pragma once

#include "address.h"

#define HOST_SENDERS	     256
#define HOST_SENDERS_OF_PORT 16
#define HOST_SENDER_CHOICES  16
#define HOST_SENDER_SECONDS  60

XVNET_ABI_BEGIN
struct learner_key {
	__u32 network;
	__u32 ifindex;
};
XVNET_ABI_SIZE(learner_key, 8);

struct host_sender {
	struct address address;
	__u32 seen_s; /* CLOCK_MONOTONIC in seconds, plus one; 0: free */
};
XVNET_ABI_SIZE(host_sender, 20);

struct learner {
	__u32 limit;			/* slots in use, at most MAX_LEARNER_SLOTS; 0: no learning */
	__u32 hand;			/* start of the next search; a hint, so races are harmless */
	__u64 slots[MAX_LEARNER_SLOTS]; /* MAC, first byte lowest; 0: never used */
	struct host_sender senders[HOST_SENDERS];
};
XVNET_ABI_SIZE(learner, 8 + 8 * MAX_LEARNER_SLOTS + 20 * HOST_SENDERS);
XVNET_ABI_END
