/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * leave_to_outside: a VM's frame for somebody beyond its gateway goes on in to_outside().
 * leave_from_outside: a frame of the wire for a public address goes on in from_outside().
 * leave_own_from_outside: the same of a VM of an untagged network.
 * leave_to_forward: one of the host to or from a public address goes on in to_forward().
 * take_off_priority, put_back_priority: in these two a priority tag is taken off first, and put back for the host.
 *
 * All are tc's alone. A network without a way out, and an uplink without public addresses, pay nothing for it.
 *
 * reads    ethertype, tag_type, segment, has_public_addresses, is_routed
 * sets     tag_type, tag_in_frame, popped_tags
 * returns  NOT_ROUTED, LEAVE_TO_TC, POP_FAILED, PUSH_FAILED
 * lookups  on an uplink with public addresses: nat_addresses, and of what is for none of them routes; of what the wire
 *          sends to one, also those of enter_by_tag and learn_source
 */
#pragma once

#include "admit.h"
#include "enter.h"
#include "gateway.h"
#include "learn.h"
#include "neighbour.h"
#include "prefix.h"

static __always_inline enum reason leave_to_outside(struct packet *packet)
{
	if (!is_for_gateway(packet))
		return REASON_CONTINUE;
	if (!(packet->segment->flags & (NETWORK_NAT | NETWORK_ROUTED)) || packet->ethertype != bpf_htons(ETH_P_IP))
		return REASON_NOT_ROUTED;
	if (!hook_keeps_offloads)
		return REASON_LEAVE_TO_TC;
	hook_continue_in(packet, CONTINUATION_TO_OUTSIDE);
	return REASON_NOT_ROUTED;
}

/* Whom the frame is for, or asks for. */
static __always_inline bool read_destination(struct packet *packet, __be32 *ipv4)
{
	struct arp_packet arp;
	struct iphdr *ip;

	if (packet->ethertype == bpf_htons(ETH_P_ARP) && read_arp(packet, &arp)) {
		*ipv4 = arp.target;
		return true;
	}
	ip = hook_bytes(packet, header_offset(packet), sizeof(*ip));
	if (packet->ethertype != bpf_htons(ETH_P_IP) || !ip)
		return false;
	*ipv4 = ip->daddr;
	return hook_is_to_us(packet);
}

static __noinline bool is_for_public(struct packet *packet)
{
	__be32 ipv4 = 0;

	return read_destination(packet, &ipv4) && (find_public(ipv4) || find_route(ROUTE_INSIDE, 0, ipv4));
}

/* With a priority tag, which has VID 0, a frame is untagged (IEEE 802.1Q, 6.9.1). */
static __always_inline bool is_of_vlan(const struct packet *packet)
{
	return packet->tag_type && (packet->tag_type != bpf_htons(ETH_P_8021Q) || outer_vid(packet));
}

/*
 * What a VM of the uplink's untagged network sends to the host comes in as xvnet's own, and may be for a public address
 * like what the wire sends.
 */
static __always_inline enum reason leave_own_from_outside(struct packet *packet)
{
	if (!hook_is_own_frame(packet) || is_of_vlan(packet))
		return REASON_CONTINUE;
	if (!(find_interface(packet->ifindex).flags & INTERFACE_NAT) || !is_for_public(packet))
		return REASON_CONTINUE;
	hook_clear_mark(packet);
	hook_continue_in(packet, CONTINUATION_FROM_OUTSIDE);
	return REASON_HOSTS_OWN;
}

/*
 * How many tags have been taken off; -1: it failed.
 *
 * verifier: a global function, so that what follows is verified once, and not with and without a tag.
 */
__noinline int pop_priority_tag(hook_ctx *ctx, __u32 has_tag)
{
	struct packet packet = {.ctx = ctx};

	if (!has_tag)
		return 0;
	return hook_pop_tag(&packet) ? 1 : -1;
}

static __always_inline enum reason take_off_priority(struct packet *packet)
{
	int popped = pop_priority_tag(packet->ctx, packet->tag_type);

	if (popped < 0)
		return REASON_POP_FAILED;
	packet->tag_type = 0;
	packet->tag_in_frame = false;
	packet->popped_tags = popped;
	return REASON_CONTINUE;
}

/* What stays the host's is as it came. */
static __always_inline enum reason put_back_priority(struct packet *packet, enum reason reason)
{
	if (reason == REASON_HOSTS_OWN && packet->popped_tags && !hook_push_tag(packet, packet->tci))
		return REASON_PUSH_FAILED;
	return reason;
}

/*
 * Who sends to a public address is learned before the frame leaves this program: the host, as a member of the uplink's
 * untagged network, would have to flood what it answers.
 */
static __always_inline void learn_beside(struct packet *packet)
{
	__u32 network = find_vlan(packet->ifindex, 0);

	if (network && !refuse_bad_source(packet) && !enter_network(packet, network, REASON_HOSTS_OWN))
		learn_source(packet);
}

static __always_inline enum reason leave_from_outside(struct packet *packet)
{
	if (!packet->has_public_addresses || is_of_vlan(packet) || !is_for_public(packet))
		return REASON_CONTINUE;
	if (!hook_keeps_offloads)
		return REASON_LEAVE_TO_TC;
	learn_beside(packet);
	hook_continue_in(packet, CONTINUATION_FROM_OUTSIDE);
	return REASON_CONTINUE;
}

/* A port of the host's address that a network may have. */
static __always_inline bool is_in_range(const struct nat_address *public, __u16 port)
{
	return public->flags & NAT_ADDRESS_OF_HOST && public->first && port >= public->first && port <= public->last;
}

/* Of TCP and UDP the port that the host sends from. What has none may be about one, and is looked at as a whole. */
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

	return read_destination(packet, &ipv4) && find_public(ipv4);
}

static __always_inline enum reason leave_to_forward(struct packet *packet)
{
	if (packet->is_routed || !packet->has_public_addresses || is_of_vlan(packet))
		return REASON_CONTINUE;
	if (!is_to_public(packet) && !is_from_range(packet))
		return REASON_CONTINUE;
	hook_continue_in(packet, CONTINUATION_TO_FORWARD);
	return REASON_CONTINUE;
}
