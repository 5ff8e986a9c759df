/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * refuse_unroutable: what no gateway passes on, wherever it goes.
 *
 * reads    ifindex, network, source_mac
 * returns  SOURCE_SPOOFED, NOT_ROUTED, TTL_EXCEEDED
 * lookups  addresses
 */
#pragma once

#include "flow.h"
#include "neighbour.h"

/* RFC 1122, 3.2.1.3; RFC 5735: none of them is beyond a gateway. */
static __always_inline bool is_unicast(__be32 address)
{
	__u8 first = bpf_ntohl(address) >> 24;

	return first && first != 127 && first < 224;
}

/* Only the port's own address has a way out. */
static __always_inline bool is_own_address(struct packet *packet, __be32 address)
{
	struct address_key key = {.network = packet->network, .address = to_address(address)};
	struct address_entry *entry = bpf_map_lookup_elem(&addresses, &key);

	if (!entry || entry->ifindex != packet->ifindex)
		return false;
	note_mac(packet, entry);
	return true;
}

static __always_inline enum reason refuse_unroutable(struct packet *packet, const struct flow *flow)
{
	if (!is_own_address(packet, flow->ip.saddr))
		return REASON_SOURCE_SPOOFED;
	if (!is_unicast(flow->ip.daddr))
		return REASON_NOT_ROUTED;
	return flow->ip.ttl > 1 ? REASON_CONTINUE : REASON_TTL_EXCEEDED;
}
