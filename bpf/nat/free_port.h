/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * find_free_port: finds a free public port in the network's range, in a bounded number of steps.
 * make_mapping: assigns it to an inside port.
 *
 * The bitmap of maps/nat_ports.h names candidates, and the slot of a candidate decides. When no candidate is left, a
 * sweep over some slots clears the bits of those that have expired.
 *
 * reads    ifindex, source_mac, network_id
 * lookups  nat_slots, nat_mappings, nat_ports
 */
#pragma once

#include "mapping.h"

#define NAT_FULL_NS (4 * 1000 * 1000ull)

#define NAT_TRIES     12 /* steps of a search: candidates that are tried, and changes of phase */
#define NAT_SWEEP     16 /* slots that one sweep checks */
#define NAT_WORD_BITS 64

/*
 * The state of a search in the bitmap.
 *
 * verifier: only global functions read the bitmap, because each of them is verified once. They take and return numbers,
 * and no pointers to map values.
 */
struct port_query {
	struct nat_slot_key slot; /* address and protocol of the range */
	__u64 now;
	__u32 network_id;
	__u16 first; /* first port of the range */
	__u16 count;
	__u8 range;
	__u8 parity;
	__u8 chunk;
	__u8 phase; /* enum search_phase */
};

static __always_inline struct nat_chunk *find_chunk(const struct port_query *query)
{
	struct nat_chunk_key key = {
		.network = query->network_id,
		.range = query->range,
		.protocol = query->slot.protocol,
		.parity = query->parity,
		.chunk = query->chunk,
	};

	return bpf_map_lookup_elem(&nat_ports, &key);
}

static __always_inline __u32 chunk_count(const struct port_query *query)
{
	return (query->count / 2 + NAT_CHUNK_PORTS - 1) / NAT_CHUNK_PORTS;
}

/* The ports of a chunk have the positions 0, 1, 2, … in the order of their numbers. */
static __always_inline __u16 port_at(const struct port_query *query, __u32 position)
{
	return query->first + 2 * (query->chunk * NAT_CHUNK_PORTS + position) + query->parity;
}

/* The number of the lowest set bit; 63 if no bit is set. */
static __always_inline __u32 lowest_bit(__u64 word)
{
	__u32 bit = 0;

	for (__u32 half = NAT_WORD_BITS / 2; half; half /= 2) {
		if (!(word & ((1ull << half) - 1))) {
			word >>= half;
			bit += half;
		}
	}
	return bit;
}

/* The first clear bit of a word at or after a random position; any bit if none is clear. */
static __always_inline __u32 pick_clear_bit(__u64 word)
{
	__u32 start = bpf_get_prandom_u32() % NAT_WORD_BITS;
	__u64 clear = ~word;
	__u64 turned = clear >> start | clear << (NAT_WORD_BITS - start) % NAT_WORD_BITS;

	return (start + lowest_bit(turned)) % NAT_WORD_BITS;
}

/* Marks the word as full. Another CPU may clear one of its bits at the same time. */
static __always_inline void note_full(struct nat_chunk *chunk, __u32 word)
{
	__u64 bit = 1ull << word;

	if (~chunk->words[word])
		return;
	__sync_fetch_and_or(&chunk->full, bit);
	if (~chunk->words[word])
		__sync_fetch_and_and(&chunk->full, ~bit);
}

static __always_inline void note_taken(struct nat_chunk *chunk, __u32 word, __u32 bit)
{
	__sync_fetch_and_or(&chunk->words[word], 1ull << bit);
	note_full(chunk, word);
}

static __always_inline void note_free(struct nat_chunk *chunk, __u32 position)
{
	__u32 word = position / NAT_WORD_BITS % NAT_CHUNK_WORDS;

	__sync_fetch_and_and(&chunk->words[word], ~(1ull << position % NAT_WORD_BITS));
	__sync_fetch_and_and(&chunk->full, ~(1ull << word));
}

/* A chunk that may have a free port. The search starts at a random chunk. */
static __always_inline struct nat_chunk *pick_chunk(struct port_query *query)
{
	__u32 count = chunk_count(query);
	__u32 start = bpf_get_prandom_u32();

	for (__u32 at = 0; at < NAT_CHUNKS && at < count; at++) {
		struct nat_chunk *chunk;

		query->chunk = (start + at) % count;
		chunk = find_chunk(query);
		if (chunk && ~chunk->full)
			return chunk;
	}
	return NULL;
}

/* Returns a candidate and marks it as taken; 0: no port of this parity is left. */
__noinline int pick_port(struct port_query *query)
{
	struct nat_chunk *chunk = query ? pick_chunk(query) : NULL;
	__u32 word, bit;

	if (!chunk)
		return 0;
	word = pick_clear_bit(chunk->full) % NAT_CHUNK_WORDS;
	/* If another CPU has filled the word in the meantime, this is any bit, and its slot decides. */
	bit = pick_clear_bit(chunk->words[word]);
	note_taken(chunk, word, bit);
	return port_at(query, word * NAT_WORD_BITS + bit);
}

/* Clears the bit of one port if its mapping has expired. */
static __always_inline void sweep_port(struct port_query *query)
{
	struct nat_chunk *chunk = find_chunk(query);
	/* verifier: "R2 type=mem expected=fp" (6.1): a map key in the caller's memory is refused. */
	struct nat_slot_key key = query->slot;
	struct nat_slot *slot;
	__u32 position;

	if (!chunk)
		return;
	position = chunk->hand % NAT_CHUNK_PORTS;
	if (query->chunk * NAT_CHUNK_PORTS + position >= query->count / 2)
		position = 0;
	chunk->hand = position + 1;
	key.port = port_at(query, position);
	slot = bpf_map_lookup_elem(&nat_slots, &key);
	if (!slot || is_free(slot, key.protocol, query->now))
		note_free(chunk, position);
}

__noinline int sweep_ports(struct port_query *query)
{
	__u32 count = query ? chunk_count(query) : 0;

	if (!count)
		return 0;
	query->chunk = bpf_get_prandom_u32() % count;
	for (int i = 0; i < NAT_SWEEP; i++)
		sweep_port(query);
	return 0;
}

enum search_phase { SEARCH_PARITY, SEARCH_OTHER_PARITY, SEARCH_SWEPT_PARITY, SEARCH_SWEPT_OTHER_PARITY, SEARCH_PHASES };

struct port_search {
	struct packet *packet;
	struct translation *translation;
	struct port_query query;
};

static __always_inline struct port_query query_of(const struct packet *packet, struct translation *translation)
{
	const struct nat_range *range = range_of(translation);

	return (struct port_query){
		.slot = translation->outside,
		.now = translation->now,
		.network_id = packet->network_id,
		.first = range->first,
		.count = range->count,
		.range = translation->range,
	};
}

static __always_inline void next_phase(struct port_search *search)
{
	struct port_query *query = &search->query;

	query->phase++;
	query->parity ^= 1;
	if (query->phase == SEARCH_SWEPT_PARITY || query->phase == SEARCH_SWEPT_OTHER_PARITY)
		sweep_ports(query);
}

/* Takes the port if its slot is free and no socket of the host uses it. */
static __always_inline bool claim_candidate(struct port_search *search, __u16 port)
{
	struct translation *translation = search->translation;
	struct nat_slot *slot;

	translation->outside.port = port;
	slot = claim_nat_slot(translation);
	if (!slot)
		return false;
	if (range_of(translation)->flags & NAT_RANGE_OF_HOST &&
	    is_hosts_port(search->packet, translation, translation->flow.ip.daddr, translation->flow.destination)) {
		slot->expires_ns = NAT_SLOT_FREE;
		return false;
	}
	translation->slot = slot;
	return true;
}

static long try_candidate(__u32 attempt, struct port_search *search)
{
	__u16 port = pick_port(&search->query);

	if (port)
		return claim_candidate(search, port);
	next_phase(search);
	return search->query.phase == SEARCH_PHASES;
}

/*
 * A port must not be predictable (RFC 6888, REQ-15), and keeps its parity while one of that parity is left (RFC 4787,
 * REQ-4).
 */
static __noinline bool find_free_port(struct packet *packet, struct translation *translation)
{
	struct port_search search = {
		.packet = packet,
		.translation = translation,
		.query = query_of(packet, translation),
	};

	search.query.parity = translation->flow.source & 1;
	bpf_loop(NAT_TRIES, try_candidate, &search, 0);
	return translation->slot;
}

/* All queries of the mapping have replies, so another mapping may get its port. */
static __noinline void release_port(struct packet *packet, struct translation *translation)
{
	struct port_query query = query_of(packet, translation);
	__u32 offset = translation->outside.port - query.first;
	__u32 position = offset / 2;
	struct nat_chunk *chunk;

	query.parity = offset & 1;
	query.chunk = position / NAT_CHUNK_PORTS;
	chunk = find_chunk(&query);
	if (chunk && offset < query.count)
		note_free(chunk, position % NAT_CHUNK_PORTS);
}

static __always_inline void fill_slot(struct packet *packet, struct translation *translation)
{
	struct nat_slot *slot = translation->slot;

	slot->inside = to_address(translation->flow.ip.saddr);
	slot->network = packet->network_id;
	slot->ifindex = packet->ifindex;
	__builtin_memcpy(slot->mac, packet->source_mac, ETH_ALEN);
	slot->port = translation->flow.source;
	slot->established = 0;
	slot->created_s = translation->now / NAT_SECOND;
	slot->bytes_out = 0;
	slot->bytes_in = 0;
	slot->unanswered = 0;
	slot->flags = is_query(&translation->flow) ? NAT_SLOT_QUERIES : 0;
	slot->generation++;
}

/* A search through an exhausted range is expensive, so the network does not search again for NAT_FULL_NS. */
static __noinline bool make_mapping(struct packet *packet, struct translation *translation,
				    const struct nat_mapping_key *key)
{
	__u64 *full_until = &translation->rules->full_until_ns[key->protocol & 3];
	struct nat_mapping mapping;

	if (*full_until > translation->now)
		return false;
	if (!find_free_port(packet, translation)) {
		*full_until = translation->now + NAT_FULL_NS;
		return false;
	}
	forget_previous(translation);
	fill_slot(packet, translation);
	mapping = (struct nat_mapping){.range = translation->range, .port = translation->outside.port};
	if (bpf_map_update_elem(&nat_mappings, key, &mapping, BPF_NOEXIST)) {
		translation->slot->expires_ns = NAT_SLOT_FREE;
		return false;
	}
	translation->slot->expires_ns = translation->now + NAT_QUERY_NS;
	return true;
}

/* Another CPU may have created the mapping in the meantime. */
static __always_inline bool make_or_find_mapping(struct packet *packet, struct translation *translation,
						 const struct nat_mapping_key *key)
{
	return make_mapping(packet, translation, key) || find_mapping(translation, key);
}

/* A query gets one reply. With a frame of another kind the mapping gets normal timers. */
static __always_inline void note_query(struct translation *translation)
{
	struct nat_slot *slot = translation->slot;

	if (!(slot->flags & NAT_SLOT_QUERIES))
		return;
	if (is_query(&translation->flow))
		__sync_fetch_and_add(&slot->unanswered, 1);
	else
		slot->flags = 0;
}

static __always_inline void note_query_reply(struct packet *packet, struct translation *translation)
{
	struct nat_slot *slot = translation->slot;

	if (slot->flags & NAT_SLOT_QUERIES && slot->unanswered && __sync_fetch_and_sub(&slot->unanswered, 1) == 1)
		release_port(packet, translation);
}
