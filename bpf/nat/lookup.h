/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * enter_by_slot: finds the owner of a public port, and enters the owner's network.
 * deliver_in: delivers the frame to the VM.
 *
 * reads    network_id, network
 * reasons  NAT_NO_MAPPING, NOT_TRANSLATABLE
 * lookups  nat_networks, nat_slots
 */
#pragma once

#include "../switch/classify.h"
#include "../gateway/neighbour.h"
#include "session.h"
#include "translate.h"

/*
 * Whether a frame to the public address can be for a VM. For a floating address any frame can. Otherwise it needs a
 * port, and an ICMP query must be a reply.
 */
static __always_inline bool may_be_for_vm(const struct flow *flow, const struct nat_address *public)
{
	if (public->flags & NAT_ADDRESS_FLOATING)
		return true;
	return has_ports(flow) && (flow->protocol != NAT_ICMP || flow->is_icmp_reply);
}

/*
 * Enters the network that owns the public port or floating address. A network's tables are removed before its slots, so
 * a live slot is not enough.
 */
static __always_inline bool enter_by_slot(struct packet *packet, struct translation *translation, __u16 port,
					  __u8 protocol)
{
	struct nat_slot *slot;

	translation->outside.port = translation->is_floating ? 0 : port;
	translation->outside.protocol = translation->is_floating ? NAT_ANY : protocol;
	slot = bpf_map_lookup_elem(&nat_slots, &translation->outside);
	if (!slot || !is_live(slot, translation->now))
		return false;
	translation->slot = slot;
	if (enter_network(packet, slot->network, REASON_NAT_NO_MAPPING) || !(packet->network->flags & NETWORK_NAT))
		return false;
	translation->rules = bpf_map_lookup_elem(&nat_networks, &packet->network_id);
	if (!translation->rules)
		return false;
	translation->range = range_for(translation->rules, ipv4_of(&slot->inside));
	return true;
}

/* The filter: the remote may send to the mapping if the mapping has sent to it, or if any remote may. */
static __always_inline bool may_enter(struct packet *packet, struct translation *translation, __be32 remote, __u16 port)
{
	return note_session(packet, translation, remote, port, false) != SESSION_NONE ||
	       translation->rules->flags & NAT_ANY_REMOTE;
}

/* A forward leads to the port that has the inside address at present. A mapping leads to the port of its last frame. */
static __always_inline enum reason receiver_of(struct packet *packet, const struct nat_slot *slot,
					       struct receiver *receiver)
{
	if (is_forward(slot))
		return find_receiver(packet, ipv4_of(&slot->inside), receiver);
	receiver->ifindex = slot->ifindex;
	receiver->address = ipv4_of(&slot->inside);
	__builtin_memcpy(receiver->mac, slot->mac, ETH_ALEN);
	return REASON_CONTINUE;
}

static __noinline enum reason check_owner(struct packet *packet, const struct translation *translation,
					  struct receiver *receiver)
{
	return receiver_of(packet, translation->slot, receiver) ?: check_receiver(packet, &translation->flow, receiver);
}

static __always_inline bool translate_to_owner(struct packet *packet, const struct translation *translation)
{
	const struct flow *flow = &translation->flow;
	struct nat_slot *slot = translation->slot;
	__u16 port = translation->is_floating ? flow->destination : slot->port;

	return translate(packet, flow, SIDE_DESTINATION, ipv4_of(&slot->inside), port);
}

static __always_inline enum reason send_to_owner(struct packet *packet, const struct translation *translation,
						 const struct receiver *receiver)
{
	enum reason reason = send_to_receiver(packet, &translation->flow, receiver);

	if (reason == REASON_FORWARDED)
		__sync_fetch_and_add(&translation->slot->bytes_in, bpf_ntohs(translation->flow.ip.tot_len));
	return reason;
}

static __noinline enum reason deliver_in(struct packet *packet, struct translation *translation)
{
	struct receiver receiver = {};
	enum reason reason = check_owner(packet, translation, &receiver);

	if (reason)
		return reason;
	if (!translate_to_owner(packet, translation))
		return REASON_NOT_TRANSLATABLE;
	translation->target = receiver.ifindex;
	return send_to_owner(packet, translation, &receiver);
}
