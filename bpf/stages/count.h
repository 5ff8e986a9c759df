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

static __always_inline void count_carried(struct packet *packet, struct direction_stats *direction)
{
	direction->packets++;
	direction->bytes += packet->length;
}

static __always_inline void count_reason(struct direction_stats *direction, enum reason reason)
{
	direction->reasons[reason & (REASON_LIMIT - 1)]++;
}

/* What became of the frame, or of one copy of it, at the interface it was sent to. */
static __always_inline void count_to(struct packet *packet, __u32 target, enum reason reason)
{
	struct stats *counters = bpf_map_lookup_elem(&stats, &target);

	if (!counters)
		return;
	if (fate_of(reason) == FATE_CARRIED)
		count_carried(packet, &counters->to);
	else
		count_reason(&counters->to, reason);
}

/* What the host sends through an uplink is on its way *to* it. */
static __always_inline void count_from(struct packet *packet, enum reason reason)
{
	struct stats *counters = bpf_map_lookup_elem(&stats, &packet->ifindex);
	struct direction_stats *direction;

	if (!counters)
		return;
	direction = packet->from_host ? &counters->to : &counters->from;
	if (fate_of(reason) == FATE_DROPPED)
		count_reason(direction, reason);
	else if (!packet->from_host)
		count_carried(packet, direction);
	if (packet->unlearned)
		count_reason(direction, REASON_FDB_FULL);
}
