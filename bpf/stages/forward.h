/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * take_from_host: takes a packet that the host sends to a public address to the VM to which a forward leads. All other
 * packets go on to the wire, or on lo to the host.
 * answer_host_for_public: replies when the host sends an ARP request for a public address that it does not have.
 * answer_host: takes a VM's reply to the host, to the interface on which the host sent. No VM can reach the host
 * otherwise.
 *
 * reads    ifindex, source_mac, ethertype
 * sets     network, segment, tag_in_frame, verdict, and those of receiver.h
 * returns  CONTINUE if no forward has the port, or if the frame is no such reply; FORWARDED, TO_HOST, ANSWERED,
 *          ANSWER_FAILED, POP_FAILED, NOT_TRANSLATABLE, REDIRECT_FAILED, and those of owner.h
 * lookups  nat_addresses, those of owner.h, host_flows
 */
#pragma once

#include "outside.h"
#include "routable.h"

static __always_inline struct host_flow_key flow_of_host(const struct translation *translation, __be32 host,
							 __u16 host_port, __u16 port)
{
	return (struct host_flow_key){
		.outside = translation->outside.address,
		.host = to_address(host),
		.port = port,
		.host_port = host_port,
		.protocol = translation->flow.protocol,
	};
}

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

static __always_inline enum reason take_from_host(struct packet *packet)
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
	return note_host_flow(packet, &translation) ? pass_in(packet, &translation) : REASON_NOT_TRANSLATABLE;
}

/* An ARP announcement asks for its own sender, and is meant for the neighbours (RFC 5227, 2.3). */
static __always_inline enum reason answer_host_for_public(struct packet *packet)
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

/* A flow of the host lives as long as a session with a remote. Only the host opens a TCP connection. */
static __always_inline bool is_expected(const struct host_flow *host, const struct translation *translation)
{
	const struct flow *flow = &translation->flow;
	__u64 time_ns = flow->protocol == NAT_TCP ? NAT_TCP_NS : NAT_UDP_NS;
	bool opens = flow->protocol == NAT_TCP && (flow->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;

	return host && !opens && host->last_seen_ns + time_ns > translation->now;
}

static __noinline enum reason answer_host(struct packet *packet, struct translation *translation)
{
	const struct flow *flow = &translation->flow;
	__u16 port = translation->outside.port;
	struct host_flow_key key = flow_of_host(translation, flow->ip.daddr, flow->destination, port);
	struct host_flow *host = bpf_map_lookup_elem(&host_flows, &key);
	__u8 gateway_mac[ETH_ALEN];

	if (!is_expected(host, translation))
		return REASON_CONTINUE;
	set_gateway_mac(gateway_mac);
	if (pop_tag(packet))
		return REASON_POP_FAILED;
	if (!translate(packet, flow, SIDE_SOURCE, ipv4_of(&translation->outside.address), port) ||
	    !decrease_ttl(packet, flow) || !write_macs(packet, host->mac, gateway_mac))
		return REASON_NOT_TRANSLATABLE;
	__sync_fetch_and_add(&translation->slot->bytes_out, bpf_ntohs(flow->ip.tot_len));
	return redirect_to_host(packet, host->ifindex);
}
