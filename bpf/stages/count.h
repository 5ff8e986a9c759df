/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * count_to, count_from: update the counters of maps/stats.h and maps/carried.h. An interface without counters is being
 * detached, and nothing is counted.
 *
 * reads    ifindex, length, unlearned, from_host
 * returns  nothing; counts FDB_FULL
 * lookups  for a carried frame interface_cache and carried; for all others, and for interfaces without an element
 *          there, stats
 */
#pragma once

#include "interface.h"

static __always_inline enum fate fate_of(enum reason reason)
{
	switch (reason) {
#define REASON(name, number, fate, text) \
	case REASON_##name: \
		return FATE_##fate;
#include "../../maps/reasons.def"
#undef REASON
	default:
		return FATE_DROPPED;
	}
}

enum direction {
	DIRECTION_FROM,
	DIRECTION_TO,
};

static __always_inline struct carried_direction *carried_by(__u32 ifindex, enum direction direction)
{
	__u32 place = ifindex % INTERFACE_CACHE_SIZE;
	struct carried *counters;

	if (!has_place(ifindex, bpf_map_lookup_elem(&interface_cache, &place)))
		return NULL;
	counters = bpf_map_lookup_elem(&carried, &place);
	if (!counters)
		return NULL;
	return direction == DIRECTION_TO ? &counters->to : &counters->from;
}

static __always_inline struct direction_stats *stats_of(__u32 ifindex, enum direction direction)
{
	struct stats *counters = bpf_map_lookup_elem(&stats, &ifindex);

	if (!counters)
		return NULL;
	return direction == DIRECTION_TO ? &counters->to : &counters->from;
}

static __always_inline void count_carried(__u32 ifindex, enum direction direction, __u32 length)
{
	struct carried_direction *carried = carried_by(ifindex, direction);
	struct direction_stats *otherwise;

	if (carried) {
		carried->packets++;
		carried->bytes += length;
		return;
	}
	otherwise = stats_of(ifindex, direction);
	if (otherwise) {
		otherwise->packets++;
		otherwise->bytes += length;
	}
}

/* verifier: a global function is verified once, and not again for each path that leads to it. */
__noinline int count(__u32 ifindex, enum direction direction, enum reason reason, __u32 length)
{
	struct direction_stats *counters;

	if (fate_of(reason) == FATE_CARRIED) {
		count_carried(ifindex, direction, length);
		return 0;
	}
	counters = stats_of(ifindex, direction);
	if (counters)
		counters->reasons[reason & (REASON_LIMIT - 1)]++;
	return 0;
}

/* Counts the result of sending the frame, or one copy of it, at the target. */
static __always_inline void count_to(struct packet *packet, __u32 target, enum reason reason)
{
	count(target, DIRECTION_TO, reason, packet->length);
}

/* A frame that the host sends on an uplink counts in the uplink's "to" direction, and only if it is dropped. */
static __always_inline void count_from(struct packet *packet, enum reason reason)
{
	enum direction direction = packet->from_host ? DIRECTION_TO : DIRECTION_FROM;

	if (!packet->from_host || fate_of(reason) == FATE_DROPPED)
		count(packet->ifindex, direction, reason, packet->length);
	if (packet->unlearned)
		count(packet->ifindex, direction, REASON_FDB_FULL, packet->length);
}
