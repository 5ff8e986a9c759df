/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * tail_call_dhcp: tail call to to_dhcp() for a VM's request to the DHCP server of its network.
 * tail_call_nat_out: tail call to to_outside() for a VM's frame to a destination beyond its gateway.
 * tail_call_nat_in: tail call to from_outside() for a frame from the wire to a public address.
 * tail_call_own_nat_in: the same tail call for a frame from a VM of the uplink's untagged network.
 * tail_call_host_out: tail call to to_forward() for a frame that the host sends to or from a public address.
 * remove_priority_tag, restore_priority_tag: from_outside() and to_forward() remove a priority tag first, and restore
 * it for the host.
 *
 * The NAT runs under tc only; XDP passes its frames to tc. For a network without NAT or router, and on an uplink
 * without public addresses, the cost is one test of a flag.
 *
 * reads    ifindex, tag_type, tci, ethertype, network, source_flags, is_routed, popped_tags
 * sets     tag_in_frame, tag_type, popped_tags
 * reasons  DHCP_UNANSWERED, NOT_ROUTED, NOT_OURS, POP_FAILED, PUSH_FAILED
 */
#pragma once

#include "lib/dhcp.h"
#include "lib/public.h"
#include "switch/classify.h"
#include "switch/fdb_learn.h"
#include "switch/ingress_filter.h"

static __always_inline enum reason tail_call_dhcp(struct packet *packet)
{
	if (!is_dhcp_to_server(packet))
		return REASON_CONTINUE;
	hook_tail_call(packet, TAIL_CALL_TO_DHCP);
	return REASON_DHCP_UNANSWERED;
}

static __always_inline enum reason tail_call_nat_out(struct packet *packet)
{
	if (!is_for_gateway(packet))
		return REASON_CONTINUE;
	if (!(packet->network->flags & (NETWORK_NAT | NETWORK_ROUTED)) || packet->ethertype != bpf_htons(ETH_P_IP))
		return REASON_NOT_ROUTED;
	hook_tail_call(packet, TAIL_CALL_TO_OUTSIDE);
	return REASON_NOT_ROUTED;
}

/* An ARP request is broadcast. */
static __always_inline bool is_to_us(struct packet *packet)
{
	return packet->ethertype == bpf_htons(ETH_P_ARP) || hook_is_to_us(packet);
}

static __noinline bool is_for_nat(struct packet *packet)
{
	return is_to_us(packet) && is_for_public(packet);
}

/*
 * A frame that a VM of the uplink's untagged network sends to the host arrives with xvnet's own mark. Like a frame from
 * the wire, it may be for a public address.
 */
static __always_inline enum reason tail_call_own_nat_in(struct packet *packet)
{
	if (!hook_is_own_frame(packet) || is_of_vlan(packet))
		return REASON_CONTINUE;
	if (!(find_interface(packet->ifindex).flags & INTERFACE_NAT) || !is_for_nat(packet))
		return REASON_CONTINUE;
	hook_clear_mark(packet);
	hook_tail_call(packet, TAIL_CALL_FROM_OUTSIDE);
	return REASON_NOT_OURS;
}

/*
 * Returns the number of tags that it removed, or -1 if that failed.
 *
 * verifier: a global function is verified once. Otherwise everything after it would be verified with and without a tag.
 */
__noinline int pop_priority_tag(hook_ctx *ctx, __u32 has_tag)
{
	struct packet packet = {.ctx = ctx};

	if (!has_tag)
		return 0;
	return hook_pop_tag(&packet) ? 1 : -1;
}

static __always_inline enum reason remove_priority_tag(struct packet *packet)
{
	int popped = pop_priority_tag(packet->ctx, packet->tag_type);

	if (popped < 0)
		return REASON_POP_FAILED;
	packet->tag_type = 0;
	packet->tag_in_frame = false;
	packet->popped_tags = popped;
	return REASON_CONTINUE;
}

/* A frame that passes to the host or to the wire must be as it arrived. */
static __always_inline enum reason restore_priority_tag(struct packet *packet, enum reason reason)
{
	bool passes = reason == REASON_NOT_OURS || reason == REASON_FLOODED;

	if (passes && packet->popped_tags && !hook_push_tag(packet, packet->tci))
		return REASON_PUSH_FAILED;
	return reason;
}

/*
 * Learns the sender before the tail call. Otherwise the host, a member of the uplink's untagged network, would have to
 * flood its reply.
 */
static __always_inline void learn_beside(struct packet *packet)
{
	__u32 network_id = find_vlan(packet->ifindex, 0);

	if (network_id && !refuse_bad_source(packet) && !enter_network(packet, network_id, REASON_NOT_OURS))
		learn_source(packet);
}

static __always_inline enum reason tail_call_nat_in(struct packet *packet)
{
	if (!(packet->source_flags & INTERFACE_NAT) || is_of_vlan(packet) || !is_for_nat(packet))
		return REASON_CONTINUE;
	learn_beside(packet);
	hook_tail_call(packet, TAIL_CALL_FROM_OUTSIDE);
	return REASON_CONTINUE;
}

/*
 * For TCP and UDP, compares the source port. An ICMP error may quote such a port, so to_forward() examines all ICMP
 * frames.
 */
static __always_inline bool may_be_in_range(struct packet *packet, const struct iphdr *ip,
					    const struct nat_address *public)
{
	__u32 offset = header_offset(packet) + ip->ihl * 4;
	__be16 port = 0;

	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return public->first && ip->protocol == IPPROTO_ICMP;
	return hook_read(packet, offset, &port, sizeof(port)) && is_in_range(public, bpf_ntohs(port));
}

static __noinline bool is_from_range(struct packet *packet)
{
	struct nat_address *public;
	struct iphdr *in_frame;
	struct iphdr ip;

	if (packet->ethertype != bpf_htons(ETH_P_IP))
		return false;
	in_frame = hook_bytes(packet, header_offset(packet), sizeof(ip));
	if (!in_frame)
		return false;
	ip = *in_frame;
	public = find_public(ip.saddr);
	return public && may_be_in_range(packet, &ip, public);
}

static __noinline bool is_to_public(struct packet *packet)
{
	__be32 ipv4 = 0;

	return is_to_us(packet) && read_destination(packet, &ipv4) && find_public(ipv4);
}

static __always_inline enum reason tail_call_host_out(struct packet *packet)
{
	if (packet->is_routed || !(packet->source_flags & INTERFACE_NAT) || is_of_vlan(packet))
		return REASON_CONTINUE;
	if (!is_to_public(packet) && !is_from_range(packet))
		return REASON_CONTINUE;
	hook_tail_call(packet, TAIL_CALL_TO_FORWARD);
	return REASON_CONTINUE;
}
