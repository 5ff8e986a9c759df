/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * claim_port: when the host sends from a port in the range of a network, the port becomes the host's. The frame may
 * come from a socket, from a ping, or from a connection that the host translates, for example for a container. If a VM
 * has the port, its mapping ends: the host wins. So no reply to the host goes to a VM.
 *
 * The host sends a RST or an ICMP error from a port that it does not use when it refuses a frame. That refusal is
 * dropped. An unsolicited SYN must get no reply (RFC 5382, REQ-4), and a peer whose frame was filtered must not learn
 * that a VM's port does not exist.
 *
 * reads    ifindex, from_host, ethertype, length
 * reasons  NAT_PORT_CLAIMED, UNSOLICITED
 * lookups  nat_slots
 */
#pragma once

#include "../lib/public.h"
#include "../switch/emit.h"
#include "mapping.h"

/*
 * 5 days, like nf_conntrack_tcp_timeout_established: an idle connection may continue after days, and a program sees
 * only its end.
 */
#define NAT_HOST_TCP_NS (432000 * NAT_SECOND)

/* The public port from which the host sends. */
struct host_port {
	struct nat_slot_key key;
	bool is_refusal;
};

/* An ICMP error that refuses a packet names the refused port in the quoted header. */
static __noinline bool read_refused_port(struct packet *packet, const struct flow *flow, struct nat_slot_key *key)
{
	struct flow quoted = {};

	if (!read_quoted(packet, flow, &quoted) || quoted.ip.daddr != flow->ip.saddr)
		return false;
	key->port = quoted.destination;
	key->protocol = quoted.protocol;
	return true;
}

/*
 * False if the frame has no port of the host. The identifier of an echo reply belongs to the host that sent the ping.
 */
static __always_inline bool read_host_port(struct packet *packet, const struct flow *flow, struct host_port *port)
{
	port->key.address = to_address(flow->ip.saddr);
	port->key.port = flow->source;
	port->key.protocol = flow->protocol;
	port->is_refusal = flow->is_icmp_error || flow->tcp_flags & TCP_RST;
	if (flow->is_icmp_error)
		return read_refused_port(packet, flow, &port->key);
	return has_ports(flow) && !flow->is_icmp_reply;
}

static __always_inline bool is_hosts(const struct nat_slot *slot, __u64 now)
{
	return slot && slot->network == NAT_SLOT_HOST && is_live(slot, now);
}

/* How long the host keeps the port after this frame. */
static __always_inline __u64 claim_time(const struct flow *flow, __u16 slot_flags)
{
	if (flow->protocol == NAT_TCP)
		return slot_flags & NAT_SLOT_CLOSING ? NAT_TRANSITORY_NS : NAT_HOST_TCP_NS;
	if (flow->protocol == NAT_ICMP)
		return NAT_ICMP_NS;
	return is_query(flow) ? NAT_QUERY_NS : NAT_UDP_NS;
}

static __always_inline __u16 flags_of_claim(const struct flow *flow, __u16 before)
{
	__u16 closing = before & NAT_SLOT_CLOSING;

	if (flow->tcp_flags & TCP_SYN)
		closing = 0;
	if (flow->tcp_flags & (TCP_FIN | TCP_RST))
		closing = NAT_SLOT_CLOSING;
	return closing;
}

/* Extends the slot of the host. The end of a connection shortens its lifetime. */
static __always_inline void renew_claim(struct nat_slot *slot, const struct flow *flow, __u64 now)
{
	__u16 flags = flags_of_claim(flow, slot->flags);
	__u64 until = now + claim_time(flow, flags);

	if (slot->flags != flags) {
		slot->flags = flags;
		slot->expires_ns = until;
	} else {
		extend(&slot->expires_ns, until);
	}
}

/* Claims a slot that a VM has or that is free. */
static __noinline void claim_for_host(struct packet *packet, struct translation *translation)
{
	const struct flow *flow = &translation->flow;
	struct nat_slot *slot = translation->slot;
	__u64 expires = slot->expires_ns;
	bool had_owner = slot->network != NAT_SLOT_HOST && is_live(slot, translation->now);

	if (expires == NAT_SLOT_CLAIMED || is_forward(slot) ||
	    __sync_val_compare_and_swap(&slot->expires_ns, expires, NAT_SLOT_CLAIMED) != expires)
		return;
	forget_previous(translation);
	slot->network = NAT_SLOT_HOST;
	slot->inside = (struct address){};
	slot->port = 0;
	slot->established = 0;
	slot->flags = flags_of_claim(flow, 0);
	slot->generation++;
	slot->expires_ns = translation->now + claim_time(flow, slot->flags);
	if (had_owner)
		count(packet->ifindex, packet->from_host ? DIRECTION_TO : DIRECTION_FROM, REASON_NAT_PORT_CLAIMED,
		      packet->length);
}

static __noinline void claim_new_slot(const struct translation *translation)
{
	struct nat_slot fresh = {
		.expires_ns = translation->now + claim_time(&translation->flow, 0),
		.flags = flags_of_claim(&translation->flow, 0),
	};

	bpf_map_update_elem(&nat_slots, &translation->outside, &fresh, BPF_NOEXIST);
}

static __always_inline enum reason claim(struct packet *packet, struct translation *translation, bool is_refusal)
{
	struct nat_slot *slot = bpf_map_lookup_elem(&nat_slots, &translation->outside);
	bool is_own = is_hosts(slot, translation->now);

	if (is_refusal && !is_own)
		return REASON_UNSOLICITED;
	translation->slot = slot;
	if (is_own)
		renew_claim(slot, &translation->flow, translation->now);
	else if (slot)
		claim_for_host(packet, translation);
	else
		claim_new_slot(translation);
	return REASON_CONTINUE;
}

static __noinline enum reason claim_port(struct packet *packet)
{
	struct translation translation = {.now = bpf_ktime_get_coarse_ns()};
	struct flow *flow = &translation.flow;
	struct nat_address *public;
	struct host_port port = {};

	if (!packet->from_host || packet->ethertype != bpf_htons(ETH_P_IP) || !read_flow(packet, flow))
		return REASON_CONTINUE;
	public = find_public(flow->ip.saddr);
	if (!public || !read_host_port(packet, flow, &port) || !is_in_range(public, port.key.port))
		return REASON_CONTINUE;
	translation.outside = port.key;
	return claim(packet, &translation, port.is_refusal);
}
