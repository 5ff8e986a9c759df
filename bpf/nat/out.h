/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * route_out: routes a VM's frame to a destination beyond its gateway. The host's routing table selects the next hop.
 * The frame leaves with a public address and port, or it is dropped.
 *
 * reads    ifindex, source_mac, network_id, network
 * sets     network_id, network
 * reasons  NAT_PORTS_EXHAUSTED, NAT_SESSIONS_EXHAUSTED, FORWARDED, REDIRECT_FAILED, POP_FAILED, NOT_TRANSLATABLE,
 *          NAT_NO_MAPPING, NAT_FILTERED
 * lookups  nat_networks
 */
#pragma once

#include "../lib/public.h"
#include "../switch/mark.h"
#include "../gateway/icmp_error.h"
#include "../gateway/source_filter.h"
#include "exempt.h"
#include "fib.h"
#include "fragment.h"
#include "free_port.h"
#include "host_reply.h"
#include "icmp.h"
#include "lookup.h"

static __always_inline struct nat_mapping_key inside_of(const struct packet *packet, const struct flow *flow)
{
	return (struct nat_mapping_key){
		.network = packet->network_id,
		.address = to_address(flow->ip.saddr),
		.port = flow->source,
		.protocol = flow->protocol,
	};
}

/* A VM with a floating address sends everything from this address. */
static __always_inline bool find_floating(struct packet *packet, struct translation *translation)
{
	struct nat_mapping_key key = {
		.network = packet->network_id,
		.address = to_address(translation->flow.ip.saddr),
		.protocol = NAT_ANY,
	};

	translation->is_floating = translation->rules->flags & NAT_HAS_FLOATING && find_mapping(translation, &key);
	translation->outside.port = translation->flow.source;
	return translation->is_floating;
}

/*
 * A later fragment leaves with the public address of its first fragment. That is not the network's usual address if the
 * first fragment matched a forward.
 */
static __noinline void follow_first(struct packet *packet, struct translation *translation)
{
	struct nat_fragment_key key = fragment_key(&translation->flow, packet->network_id);
	struct nat_fragment *first = find_fragment(&key, translation->now);

	if (first)
		translation->outside.address = first->outside.address;
}

static __noinline void note_first(struct packet *packet, struct translation *translation)
{
	struct nat_fragment_key key = fragment_key(&translation->flow, packet->network_id);

	if (address_difference(&translation->outside.address, &range_of(translation)->address))
		note_fragment(packet->network_id, translation, &key);
}

/*
 * Finds the public address and port that the flow already has. For an ICMP error translate_error_out() finds them by
 * the quoted packet.
 */
static __noinline void find_public_side(struct packet *packet, struct translation *translation)
{
	const struct flow *flow = &translation->flow;
	struct nat_mapping_key key = inside_of(packet, flow);

	if (find_floating(packet, translation) || flow->is_icmp_error)
		return;
	if (is_later_fragment(flow))
		follow_first(packet, translation);
	else
		find_mapping(translation, &key);
}

/* Finds the mapping and the session of the frame, or creates them. */
static __noinline enum reason make_translation(struct packet *packet, struct translation *translation)
{
	const struct flow *flow = &translation->flow;
	struct nat_mapping_key key = inside_of(packet, flow);

	if (!translation->slot && !make_or_find_mapping(packet, translation, &key))
		return REASON_NAT_PORTS_EXHAUSTED;
	if (note_session(packet, translation, flow->ip.daddr, flow->destination, true) != SESSION_KNOWN)
		return REASON_NAT_SESSIONS_EXHAUSTED;
	note_query(translation);
	if (is_first_fragment(flow) && !translation->is_floating)
		note_first(packet, translation);
	return REASON_CONTINUE;
}

/* Replies go to the port and MAC of the flow's last frame, because a VM may have moved or changed its MAC. */
static __always_inline void note_sender(struct packet *packet, struct nat_slot *slot, __u16 bytes)
{
	if (slot->ifindex != packet->ifindex)
		slot->ifindex = packet->ifindex;
	if (__builtin_memcmp(slot->mac, packet->source_mac, ETH_ALEN))
		__builtin_memcpy(slot->mac, packet->source_mac, ETH_ALEN);
	__sync_fetch_and_add(&slot->bytes_out, bytes);
}

static __always_inline enum reason send_out(struct packet *packet, struct next_hop *next_hop)
{
	enum reason reason;

	mark_routed(packet, next_hop->uplink);
	reason = hook_redirect_to_neighbour(packet, next_hop->uplink, &next_hop->neighbour) ? REASON_FORWARDED
											    : REASON_REDIRECT_FAILED;
	count_to(packet, next_hop->uplink, reason);
	return reason;
}

static __noinline enum reason translate_out(struct packet *packet, struct translation *translation)
{
	__be32 public = ipv4_of(&translation->outside.address);
	const struct flow *flow = &translation->flow;

	if (pop_tag(packet))
		return REASON_POP_FAILED;
	if (!translate(packet, flow, SIDE_SOURCE, public, translation->outside.port) || !decrease_ttl(packet, flow) ||
	    !translate_id(packet, translation))
		return REASON_NOT_TRANSLATABLE;
	return REASON_CONTINUE;
}

/*
 * Hairpinning (RFC 4787, REQ-9): a VM sends to the public address of another VM, which sees the public address and port
 * of the sender. The frame is translated first for the sender, then for the receiver.
 */
static __always_inline enum reason hairpin(struct packet *packet, struct translation *translation,
					   const struct nat_address *to)
{
	const struct flow *flow = &translation->flow;
	__be32 public = ipv4_of(&translation->outside.address);
	__u16 public_port = translation->outside.port;
	struct receiver receiver = {};
	enum reason reason;

	translation->outside.address = to_address(flow->ip.daddr);
	translation->is_floating = to->flags & NAT_ADDRESS_FLOATING;
	if (!enter_by_slot(packet, translation, flow->destination, flow->protocol))
		return REASON_NAT_NO_MAPPING;
	if (!may_enter(packet, translation, public, public_port))
		return REASON_NAT_FILTERED;
	reason = check_owner(packet, translation, &receiver) ?: pop_tag(packet);
	if (reason)
		return reason;
	if (!translate(packet, flow, SIDE_SOURCE, public, public_port))
		return REASON_NOT_TRANSLATABLE;
	/* The identifier of an ICMP query is its source port and its destination port. */
	if (flow->protocol == NAT_ICMP)
		translation->flow.destination = public_port;
	if (!translate_to_owner(packet, translation))
		return REASON_NOT_TRANSLATABLE;
	return send_to_owner(packet, translation, &receiver);
}

/*
 * Whether the frame may be a reply to the host: it comes from a forward, and its destination is an address of the host.
 * That is a public address with the host's flag, or one for which the host has no route to an uplink.
 */
static __always_inline bool may_be_for_host(const struct translation *translation, const struct nat_address *to,
					    enum reason reason)
{
	bool is_of_host = to ? to->flags & NAT_ADDRESS_OF_HOST : reason == REASON_NO_ROUTE;

	return is_of_host && translation->slot && is_forward(translation->slot);
}

/* Sends the frame to a remote, to the host, or to another VM. */
static __always_inline enum reason route_flow(struct packet *packet, struct translation *translation,
					      struct next_hop *next_hop)
{
	struct flow *flow = &translation->flow;
	struct nat_address *to = find_public(flow->ip.daddr);
	enum reason reason = to ? REASON_CONTINUE : find_next_hop(packet, translation, next_hop);

	if (may_be_for_host(translation, to, reason)) {
		enum reason answered = deliver_to_host(packet, translation);

		if (answered)
			return answered;
	}
	if (reason)
		return reason;
	if (to && (flow->is_icmp_error || !may_be_for_vm(flow, to)))
		return REASON_NAT_NO_MAPPING;
	if (to && is_fragment(flow) && !(to->flags & NAT_ADDRESS_FLOATING))
		return REASON_NOT_TRANSLATABLE;
	if (flow->is_icmp_error)
		return translate_error_out(packet, translation) ?: send_out(packet, next_hop);
	if (has_ports(flow) || translation->is_floating) {
		reason = make_translation(packet, translation);
		if (reason)
			return reason;
		note_sender(packet, translation->slot, bpf_ntohs(flow->ip.tot_len));
	}
	if (to)
		return hairpin(packet, translation, to);
	return translate_out(packet, translation) ?: send_out(packet, next_hop);
}

/* Without translation, the route lookup uses the VM's own address. */
static __noinline enum reason route_untranslated(struct packet *packet, struct translation *translation,
						 struct next_hop *next_hop)
{
	const struct flow *flow = &translation->flow;
	enum reason reason;

	translation->outside.address = to_address(flow->ip.saddr);
	reason = find_next_hop(packet, translation, next_hop) ?: prepare_untranslated(packet, flow);
	return reason ?: send_out(packet, next_hop);
}

static __always_inline enum reason translate_and_route(struct packet *packet, struct translation *translation,
						       struct next_hop *next_hop)
{
	enum reason reason = refuse_unroutable(packet, &translation->flow);

	if (reason)
		return reason;
	if (is_untranslated(packet, translation, translation->flow.ip.daddr))
		return route_untranslated(packet, translation, next_hop);
	find_public_side(packet, translation);
	if (!translation->is_floating && !has_ports(&translation->flow) && !may_follow_first(&translation->flow))
		return REASON_NOT_TRANSLATABLE;
	return route_flow(packet, translation, next_hop);
}

static __always_inline enum reason route_out(struct packet *packet)
{
	struct translation translation = {
		.now = bpf_ktime_get_coarse_ns(),
		.rules = bpf_map_lookup_elem(&nat_networks, &packet->network_id),
	};
	struct flow *flow = &translation.flow;
	struct network *network = packet->network;
	__u32 network_id = packet->network_id;
	struct next_hop next_hop = {};
	enum reason reason;

	if (!translation.rules || !read_flow(packet, flow))
		return REASON_NOT_TRANSLATABLE;
	translation.range = range_for(translation.rules, flow->ip.saddr);
	translation.outside.address = range_of(&translation)->address;
	translation.outside.protocol = flow->protocol;
	reason = translate_and_route(packet, &translation, &next_hop);
	if (reason == REASON_FORWARDED)
		return reason;
	/* Hairpinning has moved the packet to the receiver's network. An ICMP error belongs to the sender's network. */
	packet->network_id = network_id;
	packet->network = network;
	return send_icmp_error(packet, flow, refuse_too_big(packet, reason, &next_hop.mtu), next_hop.mtu);
}
