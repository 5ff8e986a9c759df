/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * deliver_untranslated, and helpers of route_untranslated: with chosen remotes a network exchanges packets without
 * translation (RFC 6888, REQ-6). No state is kept, so both sides may begin.
 *
 * reads    network_id, network
 * reasons  NOT_TRANSLATABLE, NOT_OURS
 */
#pragma once

#include "../lib/lpm.h"
#include "../switch/classify.h"
#include "../gateway/neighbour.h"
#include "../gateway/source_filter.h"
#include "mapping.h"

static __noinline bool is_untranslated(struct packet *packet, const struct translation *translation, __be32 remote)
{
	return translation->rules->flags & NAT_HAS_EXCEPTIONS &&
	       find_route(ROUTE_UNTRANSLATED, packet->network_id, remote) == packet->network_id;
}

static __always_inline enum reason prepare_untranslated(struct packet *packet, const struct flow *flow)
{
	return pop_tag(packet) ?: decrease_ttl(packet, flow) ? REASON_CONTINUE : REASON_NOT_TRANSLATABLE;
}

/* The remote: for an ICMP error, which any router may send, the destination of the quoted packet; else the source. */
static __always_inline __be32 remote_of(struct packet *packet, const struct flow *flow)
{
	const __u32 offset = transport_offset(packet, flow) + ICMP_HEADER_SIZE + offsetof(struct iphdr, daddr);
	__be32 remote;

	return flow->is_icmp_error && hook_read(packet, offset, &remote, sizeof(remote)) ? remote : flow->ip.saddr;
}

/* Delivers a frame from such a remote. All others are left to the host's routing. */
static __noinline enum reason deliver_untranslated(struct packet *packet, const struct flow *flow)
{
	__u32 network_id = find_route(ROUTE_INSIDE, 0, flow->ip.daddr);
	struct receiver receiver = {};
	enum reason reason;

	if (!is_routable(flow->ip.saddr))
		return REASON_CONTINUE;
	if (!network_id || find_route(ROUTE_UNTRANSLATED, network_id, remote_of(packet, flow)) != network_id)
		return REASON_CONTINUE;
	if (enter_network(packet, network_id, REASON_NOT_OURS) || !(packet->network->flags & NETWORK_NAT))
		return REASON_CONTINUE;
	reason = find_receiver(packet, flow->ip.daddr, &receiver) ?: check_receiver(packet, flow, &receiver);
	return reason ?: send_to_receiver(packet, flow, &receiver);
}
