/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The VM that has a public port: whose network the frame is in then, and how it gets there.
 *
 * sets     network, segment, verdict
 * returns  TTL_EXCEEDED, NOT_TRANSLATABLE; FORWARDED, and those of check_member
 * lookups  nat_slots, networks, nat_networks; those of session.h; those of check_member
 */
#pragma once

#include "answer.h"
#include "enter.h"
#include "session.h"
#include "translate.h"

/* The network's table is gone before its slots are: then nobody has them any more. */
static __always_inline bool enter_by_slot(struct packet *packet, struct translation *translation)
{
	struct nat_slot *slot = bpf_map_lookup_elem(&nat_slots, &translation->outside);

	if (!slot || !is_live(slot, translation->now))
		return false;
	translation->slot = slot;
	if (enter_network(packet, slot->network, REASON_NAT_UNKNOWN) || !(packet->segment->flags & NETWORK_NAT))
		return false;
	translation->rules = bpf_map_lookup_elem(&nat_networks, &packet->network);
	if (!translation->rules)
		return false;
	translation->range = range_for(translation->rules, ipv4_of(&slot->inside));
	return true;
}

/* The remote may speak to the mapping: it was spoken to, or everybody may. */
static __always_inline bool may_enter(struct packet *packet, struct translation *translation, __be32 remote, __u16 port)
{
	return note_session(packet, translation, remote, port, false) != SESSION_NONE ||
	       translation->rules->flags & NAT_ANY_REMOTE;
}

static __always_inline enum reason check_owner(struct packet *packet, const struct translation *translation)
{
	if (translation->flow.ip.ttl <= 1)
		return REASON_TTL_EXCEEDED;
	return check_member(packet, translation->slot->ifindex);
}

static __always_inline enum reason send_to_owner(struct packet *packet, const struct translation *translation)
{
	struct nat_slot *slot = translation->slot;
	__u8 gateway_mac[ETH_ALEN];

	set_gateway_mac(gateway_mac);
	if (!decrease_ttl(packet, &translation->flow) || !write_macs(packet, slot->mac, gateway_mac))
		return REASON_NOT_TRANSLATABLE;
	__sync_fetch_and_add(&slot->bytes_in, bpf_ntohs(translation->flow.ip.tot_len));
	return redirect(packet, slot->ifindex);
}
