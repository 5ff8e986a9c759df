/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * leave_to_outside: tail call to to_outside() for a VM's frame to a destination beyond its gateway.
 * leave_from_outside: tail call to from_outside() for a frame from the wire to a public address.
 * leave_own_from_outside: the same tail call for a frame from a VM of the uplink's untagged network.
 * leave_to_forward: tail call to to_forward() for a frame that the host sends to or from a public address.
 * take_off_priority, put_back_priority: from_outside() and to_forward() remove a priority tag first, and restore it for
 * the host.
 *
 * The NAT runs under tc only; XDP passes its frames to tc. For a network without NAT or router, and on an uplink
 * without public addresses, the cost is one test of a flag.
 *
 * reads    ifindex, destination_mac, source_mac, ethertype, tag_type, tci, tag_in_frame, segment, has_public_addresses,
 *          is_routed
 * sets     tag_type, tag_in_frame, popped_tags; in leave_from_outside network, segment, now_ns, unlearned
 * returns  NOT_ROUTED, HOSTS_OWN, LEAVE_TO_TC, POP_FAILED, PUSH_FAILED
 * lookups  on an uplink with public addresses: nat_addresses, and routes if the destination is none of them; for a
 *          frame from the wire to a public address also those of enter_by_tag and learn_source; for an own frame
 *          interfaces
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

/* The IPv4 destination of the frame, or the address that an ARP packet asks for. */
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

/* A priority tag has VID 0, so the frame counts as untagged (IEEE 802.1Q, 6.9.1). */
static __always_inline bool is_of_vlan(const struct packet *packet)
{
	return packet->tag_type && (packet->tag_type != bpf_htons(ETH_P_8021Q) || outer_vid(packet));
}

/*
 * A frame that a VM of the uplink's untagged network sends to the host arrives with xvnet's own mark. Like a frame from
 * the wire, it may be for a public address.
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

/* A frame that passes to the host or to the wire must be as it arrived. */
static __always_inline enum reason put_back_priority(struct packet *packet, enum reason reason)
{
	bool passes = reason == REASON_HOSTS_OWN || reason == REASON_FLOODED;

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

/* Whether a network may have the port of this address of the host. */
static __always_inline bool is_in_range(const struct nat_address *public, __u16 port)
{
	return public->flags & NAT_ADDRESS_OF_HOST && public->first && port >= public->first && port <= public->last;
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
