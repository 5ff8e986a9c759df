/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * forward_from_host: delivers a packet that the host sends to a public address to the VM to which a forward leads. All
 * other packets go on to the wire, or on lo to the host.
 * reply_to_host_arp: replies when the host sends an ARP request for a public address that it does not have.
 *
 * reads    ifindex, ethertype, source_mac
 * reasons  NOT_TRANSLATABLE
 * lookups  host_flows
 */
#pragma once

#include "../lib/public.h"
#include "../gateway/arp.h"
#include "../gateway/source_filter.h"
#include "host_reply.h"
#include "lookup.h"

/* False if the flow cannot be recorded. */
static __noinline bool note_host_flow(struct packet *packet, const struct translation *translation)
{
	const struct flow *flow = &translation->flow;
	struct host_flow_key key = flow_of_host(translation, flow->ip.saddr, flow->source, flow->destination);
	struct host_flow *known = bpf_map_lookup_elem(&host_flows, &key);
	struct host_flow fresh = {.last_seen_ns = translation->now, .ifindex = packet->ifindex};

	if (known && known->ifindex == packet->ifindex) {
		known->last_seen_ns = translation->now;
		return true;
	}
	__builtin_memcpy(fresh.mac, packet->source_mac, ETH_ALEN);
	return bpf_map_update_elem(&host_flows, &key, &fresh, BPF_ANY) == 0;
}

/* Only an unfragmented packet, because later fragments have no port. */
static __always_inline bool may_be_forwarded(const struct translation *translation)
{
	const struct flow *flow = &translation->flow;

	return !flow->is_icmp_error && !is_fragment(flow) && (translation->is_floating || has_ports(flow));
}

static __always_inline enum reason forward_from_host(struct packet *packet)
{
	struct translation translation = {.now = bpf_ktime_get_coarse_ns()};
	struct flow *flow = &translation.flow;
	struct nat_address *public;

	if (packet->ethertype != bpf_htons(ETH_P_IP) || !read_header(packet, flow) || !is_routable(flow->ip.saddr))
		return REASON_CONTINUE;
	public = find_public(flow->ip.daddr);
	if (!public || !read_flow(packet, flow))
		return REASON_CONTINUE;
	translation.outside.address = to_address(flow->ip.daddr);
	translation.is_floating = public->flags & NAT_ADDRESS_FLOATING;
	if (!may_be_forwarded(&translation) ||
	    !enter_by_slot(packet, &translation, flow->destination, flow->protocol) || !is_forward(translation.slot))
		return REASON_CONTINUE;
	return note_host_flow(packet, &translation) ? deliver_in(packet, &translation) : REASON_NOT_TRANSLATABLE;
}

/* An ARP announcement asks for its own sender, and is meant for the neighbours (RFC 5227, 2.3). */
static __always_inline enum reason reply_to_host_arp(struct packet *packet)
{
	struct nat_address *public;
	struct arp_packet arp;

	if (!read_arp(packet, &arp) || arp.sender == arp.target)
		return REASON_CONTINUE;
	public = asked_for(packet, &arp);
	if (!public)
		return REASON_CONTINUE;
	return write_arp_reply(packet, &arp, public->mac) ?: redirect_to_host(packet, packet->ifindex);
}
