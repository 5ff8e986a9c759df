/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * learners: how many MACs of a network an interface may have in the FDB, and which; and from which addresses it speaks to
 * the host.
 *
 * A learner is an array of slots. A slot holds a MAC; it is taken while the FDB entry of that MAC names this
 * interface and this slot and has not aged, and free otherwise. Whoever needs a slot takes a free one with one
 * compare-and-swap and removes the aged FDB entry it held. So the bound holds by construction, nothing has to
 * collect garbage, and one port's MACs can never push out another's.
 *
 * An address that speaks to the host's interface in the network takes a place, and keeps it until it was silent for a
 * minute. A port has the first HOST_SENDERS_OF_PORT places, a network's wire all of them. An address's hash says which
 * HOST_SENDER_CHOICES it may take.
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
	__u32 seen_s; /* in seconds of CLOCK_MONOTONIC, and one; 0: a free place */
};
XVNET_ABI_SIZE(host_sender, 20);

struct learner {
	__u32 limit;			/* slots in use, at most MAX_LEARNER_SLOTS; 0: learns nothing */
	__u32 hand;			/* where the next search starts; a hint, races are harmless */
	__u64 slots[MAX_LEARNER_SLOTS]; /* MAC, first byte lowest; 0: never used */
	struct host_sender senders[HOST_SENDERS];
};
XVNET_ABI_SIZE(learner, 8 + 8 * MAX_LEARNER_SLOTS + 20 * HOST_SENDERS);
XVNET_ABI_END
