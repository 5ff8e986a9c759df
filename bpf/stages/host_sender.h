/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * may_speak_to_host: from how many addresses a port, or a network's wire, speaks to the host's interface in the network
 * within a minute. Each of them costs the host an entry of its neighbour table, which is one for all of its interfaces:
 * full of one VM's inventions, it has no room for the host's own gateway.
 *
 * An address has one of the few places that its hash gives it, so that a search is short; it keeps the place while it
 * speaks. Which address gets the last free place of several that ask at the same time, chance decides.
 *
 * lookups  networks, learners
 */
#pragma once

#include "address.h"
#include "../../maps/learners.h"

#define NS_PER_SECOND 1000000000ull

/* A hash's first place of those that it may have: all stations of a wire share more of them than a port has. */
static __always_inline __u32 first_place(__u32 network, __u32 ifindex, __u32 hash)
{
	struct network *segment = bpf_map_lookup_elem(&networks, &network);
	__u32 places = segment && segment->uplink == ifindex ? HOST_SENDERS : HOST_SENDERS_OF_PORT;

	return hash % (places / HOST_SENDER_CHOICES) * HOST_SENDER_CHOICES;
}

static __always_inline bool may_speak_to_host(__u32 network, __u32 ifindex, const struct address *from)
{
	struct learner_key key = {.network = network, .ifindex = ifindex};
	struct learner *learner = bpf_map_lookup_elem(&learners, &key);
	__u32 now = bpf_ktime_get_ns() / NS_PER_SECOND + 1;
	struct host_sender *sender, *free = NULL;
	__u32 place;

	if (!learner)
		return false;
	place = first_place(network, ifindex, address_hash(from));
	for (int i = 0; i < HOST_SENDER_CHOICES; i++, place++) {
		sender = &learner->senders[place % HOST_SENDERS];
		if (!address_difference(&sender->address, from)) {
			free = sender;
			break;
		}
		if (now - sender->seen_s >= HOST_SENDER_SECONDS || !sender->seen_s)
			free = sender;
	}
	if (!free)
		return false;
	if (free->seen_s != now) {
		free->address = *from;
		free->seen_s = now;
	}
	return true;
}
