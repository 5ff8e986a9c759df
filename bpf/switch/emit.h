/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * send_to_port, send_to_uplink: the last stages. They give the frame the tag that its target expects, and send it.
 * finish: counts the frame once, and translates the reason to the hook's verdict.
 *
 * The counters are those of maps/stats.h and maps/carried.h. An interface without counters is being detached, and
 * nothing is counted.
 *
 * reads    ifindex, from_host, tag_type, tci, length, network, unlearned, destination, target, refused, verdict
 * sets     tag_in_frame
 * reasons  FDB_FULL, POP_FAILED, PUSH_FAILED, FORWARDED, REDIRECT_FAILED
 * lookups  interface_cache, carried, stats
 */
#pragma once

#include "../lib/interface.h"

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
	__u32 index = ifindex % INTERFACE_CACHE_SIZE;
	struct carried *counters;

	if (!has_element(ifindex, bpf_map_lookup_elem(&interface_cache, &index)))
		return NULL;
	counters = bpf_map_lookup_elem(&carried, &index);
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
	struct direction_stats *counters;

	if (carried) {
		carried->packets++;
		carried->bytes += length;
		return;
	}
	counters = stats_of(ifindex, direction);
	if (counters) {
		counters->packets++;
		counters->bytes += length;
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

static __always_inline enum reason pop_tag(struct packet *packet)
{
	if (!packet->tag_type)
		return REASON_CONTINUE;
	packet->tag_in_frame = false;
	return hook_pop_tag(packet) ? REASON_CONTINUE : REASON_POP_FAILED;
}

static __always_inline enum reason push_tag(struct packet *packet, __u16 tci)
{
	return tci && !hook_push_tag(packet, tci) ? REASON_PUSH_FAILED : REASON_CONTINUE;
}

/* The priority bits of the VM's tag stay, with the network's VID; in an untagged network they make a priority tag. */
static __always_inline enum reason push_uplink_tag(struct packet *packet)
{
	return push_tag(packet, (packet->tci & VLAN_PRIORITY_MASK) | packet->network->vid);
}

static __always_inline enum reason redirect(struct packet *packet, __u32 target)
{
	enum reason reason = hook_redirect(packet, target) ? REASON_FORWARDED : REASON_REDIRECT_FAILED;

	count_to(packet, target, reason);
	return reason;
}

static __always_inline enum reason redirect_to_uplink(struct packet *packet, __u32 uplink)
{
	enum reason reason = push_uplink_tag(packet);

	if (reason)
		return reason;
	reason = hook_redirect_to_uplink(packet, uplink) ? REASON_FORWARDED : REASON_REDIRECT_FAILED;
	count_to(packet, uplink, reason);
	return reason;
}

static __always_inline enum reason send_to_port(struct packet *packet)
{
	if (packet->destination != DESTINATION_PORT)
		return REASON_CONTINUE;
	return pop_tag(packet) ?: redirect(packet, packet->target);
}

static __always_inline enum reason send_to_uplink(struct packet *packet)
{
	if (packet->destination != DESTINATION_UPLINK)
		return REASON_CONTINUE;
	return pop_tag(packet) ?: redirect_to_uplink(packet, packet->target);
}

static __always_inline int finish(struct packet *packet, enum reason reason)
{
	switch (fate_of(reason)) {
	case FATE_HOST:
	case FATE_TC:
		return hook_pass();
	case FATE_DROPPED:
		count_from(packet, reason);
		return hook_drop();
	default:
		count_from(packet, packet->refused ?: reason);
		return packet->verdict;
	}
}
