/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * refuse_unroutable: drops packets that no gateway may pass on, whatever their next hop.
 * claims_address: the port that uses a shared address gets it.
 *
 * reads    ifindex, source_mac, network_id
 * reasons  SOURCE_SPOOFED, NOT_ROUTED, TTL_EXCEEDED
 * lookups  addresses, allowed
 */
#pragma once

#include "../lib/address.h"
#include "../lib/flow.h"

/* Records the MAC with which the port uses its address. */
static __always_inline void note_mac(struct packet *packet, struct address_entry *entry)
{
	if (__builtin_memcmp(entry->seen_mac, packet->source_mac, ETH_ALEN))
		__builtin_memcpy(entry->seen_mac, packet->source_mac, ETH_ALEN);
}

/* A shared address belongs to the port that announces it. While no port has it, the first port that uses it gets it. */
static __noinline bool claims_address(struct packet *packet, struct address_entry *entry, __be32 address,
				      bool announces)
{
	struct allowed_key key = {.ifindex = packet->ifindex, .address = to_address(address)};
	__u32 *network_id;

	if (!entry || !(entry->flags & ADDRESS_SHARED) || (entry->ifindex && !announces))
		return false;
	network_id = bpf_map_lookup_elem(&allowed, &key);
	if (!network_id || *network_id != packet->network_id)
		return false;
	entry->ifindex = packet->ifindex;
	return true;
}

static __always_inline bool is_within(__u32 address, __u32 prefix, __u32 bits)
{
	return !((address ^ prefix) >> (32 - bits));
}

/*
 * An address that RFC 6890 does not list as "Forwardable" must be neither source nor destination of a packet that
 * crosses a gateway. The same is true of multicast, which xvnet does not route. This protects 169.254.169.254, where a
 * cloud host hands out credentials (link-local: RFC 3927, 7). Two anycast addresses of 192.0.0.0/24 are forwardable.
 * The documentation networks (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24) are not forwardable, but are allowed here:
 * no service listens there by itself, and laboratories and the tests of xvnet use them as public addresses.
 *
 * verifier: a global function is verified once, and not again for each path that leads to it.
 */
__noinline int is_routable(__u32 ipv4)
{
	__u32 address = bpf_ntohl(ipv4);

	if (is_within(address, 0x00000000, 8) || /* this network */
	    is_within(address, 0x7f000000, 8) || /* loopback */
	    is_within(address, 0xa9fe0000, 16))	 /* link-local */
		return false;
	if (is_within(address, 0xc0000000, 24))			       /* IETF protocol assignments, */
		return address == 0xc0000009 || address == 0xc000000a; /* except PCP (RFC 7723) and TURN (RFC 8155) */
	return address < 0xe0000000;				       /* multicast, reserved and limited broadcast */
}

/* A VM may use only an address of its own port as source. */
static __always_inline bool is_own_address(struct packet *packet, __be32 address)
{
	struct address_key key = {.network = packet->network_id, .address = to_address(address)};
	struct address_entry *entry = bpf_map_lookup_elem(&addresses, &key);

	if (!entry || (entry->ifindex != packet->ifindex && !claims_address(packet, entry, address, false)))
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
