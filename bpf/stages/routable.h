/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * refuse_unroutable: what no gateway passes on, wherever it goes.
 *
 * reads    ifindex, network, source_mac
 * returns  SOURCE_SPOOFED, NOT_ROUTED, TTL_EXCEEDED
 * lookups  addresses; where nobody has the address, the table allowed, too
 */
#pragma once

#include "flow.h"
#include "neighbour.h"

static __always_inline bool is_within(__u32 address, __u32 prefix, __u32 bits)
{
	return !((address ^ prefix) >> (32 - bits));
}

/*
 * RFC 6890, table by table: what is not "Forwardable" is neither a source nor a destination of anything that crosses a
 * gateway; nor is multicast, which nobody here routes. 169.254.169.254 has a cloud host's credentials for whoever asks in
 * its name (RFC 3927, 7). Of 192.0.0.0/24, whose rest ends at the link that it is used on, two anycast addresses are
 * forwardable. So would the documentation's networks not be (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24): they are
 * left out, since nothing listens there by itself, and laboratories and this project's own tests use them as the internet.
 *
 * verifier: a global function is verified once, by itself, and not again for each way that leads to it.
 */
__noinline int is_routable(__u32 ipv4)
{
	__u32 address = bpf_ntohl(ipv4);

	if (is_within(address, 0x00000000, 8) || /* this network */
	    is_within(address, 0x7f000000, 8) || /* loopback */
	    is_within(address, 0xa9fe0000, 16))	 /* link local */
		return false;
	if (is_within(address, 0xc0000000, 24))			       /* IETF protocol assignments, */
		return address == 0xc0000009 || address == 0xc000000a; /* but PCP's (RFC 7723) and TURN's (RFC 8155) */
	return address < 0xe0000000;				       /* multicast, reserved, and limited broadcast */
}

/* Only the port's own address has a way out. */
static __always_inline bool is_own_address(struct packet *packet, __be32 address)
{
	struct address_key key = {.network = packet->network, .address = to_address(address)};
	struct address_entry *entry = bpf_map_lookup_elem(&addresses, &key);

	if (!entry || (entry->ifindex != packet->ifindex && !takes_address(packet, entry, address, false)))
		return false;
	note_mac(packet, entry);
	return true;
}

static __always_inline enum reason refuse_unroutable(struct packet *packet, const struct flow *flow)
{
	if (!is_own_address(packet, flow->ip.saddr))
		return REASON_SOURCE_SPOOFED;
	if (!is_routable(flow->ip.saddr) || !is_routable(flow->ip.daddr))
		return REASON_NOT_ROUTED;
	return flow->ip.ttl > 1 ? REASON_CONTINUE : REASON_TTL_EXCEEDED;
}
