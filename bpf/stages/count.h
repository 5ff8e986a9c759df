/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * count_*: the counters of maps/stats.h. An interface whose counters are gone is between detach and its removal.
 *
 * reads    ifindex, length, unlearned, from_host
 * lookups  stats
 */
#pragma once

#include "../packet.h"

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

static __always_inline void count(struct direction_stats *direction, enum reason reason, __u32 length)
{
	if (fate_of(reason) == FATE_CARRIED) {
		direction->packets++;
		direction->bytes += length;
	} else {
		direction->reasons[reason & (REASON_LIMIT - 1)]++;
	}
}

/*
 * What became of a frame, or of one copy of it, at the interface it was sent to.
 *
 * verifier: a global function is verified once, by itself, and not again for each way that leads to it.
 */
__noinline int count_to_interface(__u32 target, __u32 reason, __u32 length)
{
	struct stats *counters = bpf_map_lookup_elem(&stats, &target);

	if (counters)
		count(&counters->to, reason, length);
	return 0;
}

static __always_inline void count_to(struct packet *packet, __u32 target, enum reason reason)
{
	count_to_interface(target, reason, packet->length);
}

/* What the host sends through an uplink is on its way *to* it, and counted there only when it is dropped. */
static __always_inline void count_from(struct packet *packet, enum reason reason)
{
	struct stats *counters = bpf_map_lookup_elem(&stats, &packet->ifindex);
	struct direction_stats *direction;

	if (!counters)
		return;
	direction = packet->from_host ? &counters->to : &counters->from;
	if (!packet->from_host || fate_of(reason) == FATE_DROPPED)
		count(direction, reason, packet->length);
	if (packet->unlearned)
		direction->reasons[REASON_FDB_FULL]++;
}
