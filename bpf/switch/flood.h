/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * send_to_host, flood: the last stages that only tc has, because XDP cannot copy a frame or reach the host's stack.
 *
 * A flood costs the lookups of check_member for each member.
 *
 * reads    ifindex, tag_type, tci, source_mac, network_id, network, destination, target
 * sets     verdict
 * reasons  TO_HOST, REDIRECT_FAILED, FORWARDED, NO_CARRIER, CLONE_FAILED, FLOODED, NO_RECEIVER, PUSH_FAILED
 * lookups  members, fdb
 */
#pragma once

#include "emit.h"
#include "fdb_lookup.h"
#include "host_address.h"

static __always_inline enum reason redirect_to_host(struct packet *packet, __u32 uplink)
{
	return hook_redirect_to_host(packet, uplink) ? REASON_TO_HOST : REASON_REDIRECT_FAILED;
}

static __always_inline enum reason send_to_host(struct packet *packet)
{
	if (packet->destination != DESTINATION_HOST)
		return REASON_CONTINUE;
	return pop_tag(packet) ?: redirect_to_host(packet, packet->target);
}

struct flood {
	struct packet *packet;
	struct members *members;
	bool delivered; /* verifier: a counter would make each iteration a new state */
};

static __always_inline enum reason try_clone(struct packet *packet, __u32 member)
{
	switch (hook_clone(packet, member)) {
	case HOOK_CLONE_SENT:
		return REASON_FORWARDED;
	case HOOK_CLONE_NO_CARRIER:
		return REASON_NO_CARRIER;
	default:
		return REASON_CLONE_FAILED;
	}
}

/*
 * The MAC is configured for a port without a VM, and it sends from here. Without the static entry it can be learned
 * here.
 */
static __always_inline void release_mac(struct packet *packet, __u32 member)
{
	struct fdb_key key = fdb_key_of(packet->network_id, packet->source_mac);
	struct fdb_entry *entry = bpf_map_lookup_elem(&fdb, &key);

	if (entry && entry->slot == FDB_SLOT_STATIC && entry->ifindex == member)
		bpf_map_delete_elem(&fdb, &key);
}

static enum reason clone_to(struct packet *packet, __u32 member)
{
	enum reason reason = check_member(packet, member) ?: check_host_address(packet) ?: try_clone(packet, member);

	if (reason == REASON_NO_CARRIER)
		release_mac(packet, member);
	count_to(packet, member, reason);
	return reason;
}

static long flood_member(__u32 i, struct flood *flood)
{
	__u32 member;

	if (i >= MAX_MEMBERS)
		return 1;
	member = flood->members->ifindex[i];
	/* The list may be reused during the flood and then name the uplink, which must get the frame with its tag. */
	if (member == flood->packet->ifindex || member == flood->packet->network->uplink)
		return 0;
	if (clone_to(flood->packet, member) == REASON_FORWARDED)
		flood->delivered = true;
	return 0;
}

static __always_inline bool flood_ports(struct packet *packet)
{
	struct flood flood = {.packet = packet, .members = bpf_map_lookup_elem(&members, &packet->network_id)};

	if (flood.members)
		bpf_loop(flood.members->count, flood_member, &flood, 0);
	return flood.delivered;
}

static __always_inline enum reason flood_to_uplink(struct packet *packet, __u32 uplink)
{
	enum reason reason;

	if (host_is_member(packet))
		hook_clone_to_host(packet, uplink);
	reason = redirect_to_uplink(packet, uplink);
	return reason == REASON_FORWARDED ? REASON_FLOODED : reason;
}

/* First the ports and the host get copies, then the original goes to the wire. */
static __always_inline enum reason flood_from_vm(struct packet *packet)
{
	__u32 uplink = packet->network->uplink;
	enum reason reason = pop_tag(packet);
	bool delivered;

	if (reason)
		return reason;
	delivered = flood_ports(packet);
	reason = uplink ? check_member(packet, uplink) : REASON_NO_RECEIVER;
	if (!reason)
		return flood_to_uplink(packet, uplink);
	packet->verdict = hook_drop();
	if (!delivered)
		return reason;
	if (uplink)
		count_to(packet, uplink, reason);
	return REASON_FLOODED;
}

/* In an untagged network the original passes to the host, with the priority tag that it arrived with. */
static __always_inline enum reason flood_from_wire(struct packet *packet)
{
	enum reason reason = pop_tag(packet);
	bool delivered;

	if (reason)
		return reason;
	delivered = flood_ports(packet);
	if (!host_is_member(packet)) {
		packet->verdict = hook_drop();
		return delivered ? REASON_FLOODED : REASON_NO_RECEIVER;
	}
	packet->verdict = hook_pass();
	if (packet->tag_type && !hook_push_tag(packet, packet->tci))
		return REASON_PUSH_FAILED;
	return REASON_FLOODED;
}

static __always_inline enum reason flood(struct packet *packet)
{
	return packet->ifindex == packet->network->uplink ? flood_from_wire(packet) : flood_from_vm(packet);
}
