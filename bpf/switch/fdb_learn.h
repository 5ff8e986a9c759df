/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * learn_source: records the interface of the source MAC in the FDB, within the interface's own slots (maps/learners.h).
 *
 * A known MAC costs one lookup. A new or moved MAC costs one more for each slot that it tries.
 *
 * reads    ifindex, source_mac, network_id, network, now_ns
 * sets     now_ns, unlearned
 * lookups  fdb, learners, devices
 */
#pragma once

#include "../packet.h"

#define LEARN_REFRESH_NS 1000000000ULL /* writes the entry of a busy MAC only once a second */
#define LEARN_ATTEMPTS	 8	       /* slots that one frame may try; bounds the cost of a flood of new MACs */

static __always_inline struct fdb_key fdb_key_of(__u32 network_id, const __u8 mac[ETH_ALEN])
{
	struct fdb_key key = {.network = network_id};

	__builtin_memcpy(key.mac, mac, ETH_ALEN);
	return key;
}

static __always_inline bool is_learned(const struct fdb_entry *entry)
{
	return entry->slot < MAX_LEARNER_SLOTS;
}

/*
 * Another CPU may have written the entry after this CPU read its clock. The age is then negative and the entry is
 * fresh.
 */
static __always_inline bool has_aged(const struct packet *packet, const struct fdb_entry *entry)
{
	__s64 age = packet->now_ns - entry->last_seen_ns;

	return is_learned(entry) && age > (__s64)packet->network->ageing_ns;
}

/* The state of the search for a slot. */
struct slot_search {
	struct packet *packet;
	struct learner *learner;
	__u64 mac;
	__u32 slot; /* FDB_SLOT_STATIC until a slot is claimed */
	__u32 next;
};

static __always_inline bool holds_slot(const struct packet *packet, const struct fdb_entry *entry, __u32 slot)
{
	return entry && entry->ifindex == packet->ifindex && entry->slot == slot;
}

/* Claims the slot unless its MAC still needs it, and deletes the aged FDB entry that it held. */
static bool claim_learner_slot(const struct packet *packet, struct learner *learner, __u32 slot, __u64 mac)
{
	__u64 *element = &learner->slots[slot & (MAX_LEARNER_SLOTS - 1)];
	__u64 occupant = *element;
	struct fdb_key key = fdb_key_of(packet->network_id, (const __u8 *)&occupant);
	struct fdb_entry *entry = bpf_map_lookup_elem(&fdb, &key);
	bool leaves_entry = occupant != mac && holds_slot(packet, entry, slot);

	if (leaves_entry && !has_aged(packet, entry))
		return false;
	if (__sync_val_compare_and_swap(element, occupant, mac) != occupant)
		return false;
	if (leaves_entry)
		bpf_map_delete_elem(&fdb, &key);
	return true;
}

static long try_slot(__u32 attempt, struct slot_search *search)
{
	__u32 slot = search->next < search->learner->limit ? search->next : 0;

	search->next = slot + 1;
	if (!claim_learner_slot(search->packet, search->learner, slot, search->mac))
		return 0;
	search->slot = slot;
	return 1;
}

static __noinline bool learn(struct packet *packet, const struct fdb_key *key)
{
	struct learner_key owner = {.network = packet->network_id, .ifindex = packet->ifindex};
	struct learner *learner = bpf_map_lookup_elem(&learners, &owner);
	struct slot_search search = {.packet = packet, .learner = learner, .slot = FDB_SLOT_STATIC};
	struct fdb_entry entry = {.ifindex = packet->ifindex, .last_seen_ns = packet->now_ns};

	if (!learner || !learner->limit)
		return false;
	__builtin_memcpy(&search.mac, packet->source_mac, ETH_ALEN);
	search.next = learner->hand;
	bpf_loop(LEARN_ATTEMPTS, try_slot, &search, 0);
	learner->hand = search.next;
	entry.slot = search.slot;
	return entry.slot != FDB_SLOT_STATIC && bpf_map_update_elem(&fdb, key, &entry, BPF_ANY) == 0;
}

/* A configured MAC stays at its port while the port's device exists. The host's MAC never moves. */
static __always_inline bool stays_where_it_is(const struct packet *packet, const struct fdb_entry *entry)
{
	__u32 ifindex = entry->ifindex;

	return entry->slot != FDB_SLOT_STATIC || ifindex == packet->ifindex || bpf_map_lookup_elem(&devices, &ifindex);
}

static __always_inline enum reason learn_source(struct packet *packet)
{
	struct fdb_key key = fdb_key_of(packet->network_id, packet->source_mac);
	struct fdb_entry *entry = bpf_map_lookup_elem(&fdb, &key);

	packet->now_ns = bpf_ktime_get_coarse_ns();
	if (!entry) {
		packet->unlearned = !learn(packet, &key);
		return REASON_CONTINUE;
	}
	if (!is_learned(entry)) {
		if (!stays_where_it_is(packet, entry))
			packet->unlearned = !learn(packet, &key);
		return REASON_CONTINUE;
	}
	if (entry->ifindex != packet->ifindex || has_aged(packet, entry))
		packet->unlearned = !learn(packet, &key);
	else if ((__s64)(packet->now_ns - entry->last_seen_ns) > (__s64)LEARN_REFRESH_NS)
		entry->last_seen_ns = packet->now_ns;
	return REASON_CONTINUE;
}
