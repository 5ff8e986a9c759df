/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * may_send_to_host: limits the number of addresses from which a port, or a network's wire, sends to the host's
 * interface within HOST_SENDER_SECONDS. Each address takes an entry of the host's neighbour table, which all interfaces
 * share. If one VM filled it with forged addresses, the host could not resolve its own gateway.
 *
 * A port has 16 elements, and an address may use any of them. On a wire the hash of an address selects 16 of 256, so
 * that the search is short. An address keeps its element while it sends.
 *
 * lookups  networks, learners
 */
#pragma once

#include "../lib/address.h"

#define NS_PER_SECOND 1000000000ull

/*
 * The first element that an address with this hash may use. The stations on a wire share more elements than a port has.
 */
static __always_inline __u32 first_element(__u32 network_id, __u32 ifindex, __u32 hash)
{
	struct network *network = bpf_map_lookup_elem(&networks, &network_id);
	__u32 elements = network && network->uplink == ifindex ? HOST_SENDERS : HOST_SENDERS_OF_PORT;

	return hash % (elements / HOST_SENDER_CHOICES) * HOST_SENDER_CHOICES;
}

/* verifier: two loops in sequence. A single loop would combine each element with each earlier one that was free. */
static __always_inline struct host_sender *find_sender(struct learner *learner, __u32 first, const struct address *from)
{
	for (__u32 i = first; i < first + HOST_SENDER_CHOICES; i++) {
		struct host_sender *sender = &learner->senders[i % HOST_SENDERS];

		if (!address_difference(&sender->address, from))
			return sender;
	}
	return NULL;
}

static __always_inline struct host_sender *find_free_element(struct learner *learner, __u32 first, __u32 now)
{
	for (__u32 i = first; i < first + HOST_SENDER_CHOICES; i++) {
		struct host_sender *sender = &learner->senders[i % HOST_SENDERS];

		if (now - sender->seen_s >= HOST_SENDER_SECONDS || !sender->seen_s)
			return sender;
	}
	return NULL;
}

static __always_inline bool may_send_to_host(__u32 network_id, __u32 ifindex, const struct address *from)
{
	struct learner_key key = {.network = network_id, .ifindex = ifindex};
	struct learner *learner = bpf_map_lookup_elem(&learners, &key);
	__u32 now = bpf_ktime_get_ns() / NS_PER_SECOND + 1;
	struct host_sender *sender;
	__u32 first;

	if (!learner)
		return false;
	first = first_element(network_id, ifindex, address_hash(from));
	sender = find_sender(learner, first, from) ?: find_free_element(learner, first, now);
	if (!sender)
		return false;
	if (sender->seen_s != now) {
		sender->address = *from;
		sender->seen_s = now;
	}
	return true;
}
