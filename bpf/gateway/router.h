/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * route_to_network: routes a VM's frame to a VM in another network of the same router. The frame leaves from the other
 * network's gateway. Any IP protocol passes; nothing is translated and no state is kept.
 *
 * reads    ethertype, network_id, network
 * sets     network_id, network
 * reasons  HOST_UNREACHABLE, NOT_ROUTED, NO_ROUTE
 * lookups  gateways
 */
#pragma once

#include "../lib/lpm.h"
#include "../switch/classify.h"
#include "icmp_error.h"
#include "neighbour.h"
#include "ping.h"
#include "source_filter.h"

/* The router's network whose subnet contains the address, or 0. */
static __always_inline __u32 find_network_beyond(struct packet *packet, __be32 address)
{
	struct gateway *gateway = bpf_map_lookup_elem(&gateways, &packet->network_id);

	return gateway && gateway->router ? find_route(ROUTE_OF_ROUTER, gateway->router, address) : 0;
}

/* Moves the packet to the other network and delivers it there. */
static __noinline enum reason cross(struct packet *packet, const struct flow *flow, __u32 beyond, __u16 *mtu)
{
	struct receiver receiver = {};
	enum reason reason = enter_network(packet, beyond, REASON_HOST_UNREACHABLE)
				     ?: find_receiver(packet, flow->ip.daddr, &receiver);

	if (reason)
		return reason;
	reason = refuse_too_big(packet, check_receiver(packet, flow, &receiver), mtu);
	return reason ?: pop_tag(packet) ?: send_to_receiver(packet, flow, &receiver);
}

static __always_inline enum reason route_to(struct packet *packet, const struct flow *flow, __u32 beyond, __u16 *mtu)
{
	struct network *network = packet->network;
	__u32 network_id = packet->network_id;
	enum reason reason = reply_to_ping(packet, beyond) ?: cross(packet, flow, beyond, mtu);

	if (reason == REASON_FORWARDED || reason == REASON_ANSWERED)
		return reason;
	packet->network_id = network_id;
	packet->network = network;
	return reason;
}

static __always_inline enum reason route_to_network(struct packet *packet)
{
	struct flow flow = {};
	enum reason reason;
	__u32 beyond;
	__u16 mtu = 0;

	if (!(packet->network->flags & NETWORK_ROUTED))
		return REASON_CONTINUE;
	if (packet->ethertype != bpf_htons(ETH_P_IP) || !read_header(packet, &flow))
		return REASON_NOT_ROUTED;
	beyond = find_network_beyond(packet, flow.ip.daddr);
	if (!beyond && packet->network->flags & NETWORK_NAT)
		return REASON_CONTINUE;
	reason = refuse_unroutable(packet, &flow);
	if (!reason)
		reason = beyond ? route_to(packet, &flow, beyond, &mtu) : REASON_NO_ROUTE;
	if (reason == REASON_FORWARDED || reason == REASON_ANSWERED)
		return reason;
	return send_icmp_error(packet, &flow, reason, mtu);
}
