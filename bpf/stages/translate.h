/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Writes a frame's translation into it. The checksums follow word by word (RFC 1624); an unfinished one is summed up
 * later over what stands there then, so only its pseudo-header's part changes.
 *
 * returns  NOT_TRANSLATABLE, when there is no memory to write to
 */
#pragma once

#include "mapping.h"

#define IPV4_TTL_OFFSET		8
#define IPV4_CHECKSUM_OFFSET	10
#define IPV4_SOURCE_OFFSET	12
#define IPV4_DESTINATION_OFFSET 16

enum side {
	SIDE_SOURCE,
	SIDE_DESTINATION,
};

static __always_inline __u32 address_offset(enum side side)
{
	return side == SIDE_SOURCE ? IPV4_SOURCE_OFFSET : IPV4_DESTINATION_OFFSET;
}

/* TCP's and UDP's ports stand where an ICMP query has its identifier only once. */
static __always_inline __u32 port_offset(const struct flow *flow, enum side side)
{
	if (flow->protocol == NAT_ICMP)
		return ICMP_ID_OFFSET;
	return side == SIDE_SOURCE ? 0 : sizeof(__be16);
}

static __always_inline __u32 checksum_offset(const struct flow *flow)
{
	switch (flow->protocol) {
	case NAT_TCP:
		return offsetof(struct tcphdr, check);
	case NAT_UDP:
		return offsetof(struct udphdr, check);
	default:
		return ICMP_CHECKSUM_OFFSET;
	}
}

static __always_inline bool translate_checksums(struct packet *packet, const struct flow *flow, __be32 from, __be32 to,
						__be16 from_port, __be16 to_port)
{
	__u32 offset = transport_offset(packet, flow) + checksum_offset(flow);
	bool is_udp = flow->protocol == NAT_UDP;

	if (flow->protocol != NAT_ICMP && !hook_update_pseudo_checksum(packet, offset, from, to, is_udp))
		return false;
	return hook_update_checksum(packet, offset, from_port, to_port, is_udp);
}

static __always_inline __be32 address_of(const struct flow *flow, enum side side)
{
	return side == SIDE_SOURCE ? flow->ip.saddr : flow->ip.daddr;
}

static __always_inline __be16 port_of(const struct flow *flow, enum side side)
{
	return bpf_htons(side == SIDE_SOURCE ? flow->source : flow->destination);
}

static __always_inline bool translate_address(struct packet *packet, const struct flow *flow, enum side side,
					      __be32 address)
{
	__u32 header = network_offset(packet, flow);

	return hook_update_ip_checksum(packet, header + IPV4_CHECKSUM_OFFSET, address_of(flow, side), address,
				       sizeof(address)) &&
	       hook_write(packet, header + address_offset(side), &address, sizeof(address));
}

static __always_inline bool write_port(struct packet *packet, const struct flow *flow, enum side side, __be16 port)
{
	return hook_write(packet, transport_offset(packet, flow) + port_offset(flow, side), &port, sizeof(port));
}

/* The flow's address and port on this side become these. One without ports has its address alone. */
static __noinline bool translate(struct packet *packet, const struct flow *flow, enum side side, __be32 address,
				 __u16 port)
{
	__be16 from_port = port_of(flow, side), to_port = bpf_htons(port);

	if (flow->protocol == NAT_ANY)
		return translate_address(packet, flow, side, address);
	return translate_checksums(packet, flow, address_of(flow, side), address, from_port, to_port) &&
	       translate_address(packet, flow, side, address) && write_port(packet, flow, side, to_port);
}

/*
 * The same of the frame that an ICMP error is about. In the error's own checksum the address and the IPv4 header's
 * checksum make up for each other, and only the port is left. The quoted transport checksum stays: nobody may judge by it
 * (RFC 5508, REQ-3).
 */
static __always_inline bool translate_quoted(struct packet *packet, const struct flow *error, const struct flow *quoted,
					     enum side side, __be32 address, __u16 port)
{
	__u32 checksum = transport_offset(packet, error) + ICMP_CHECKSUM_OFFSET;
	__be16 to_port = bpf_htons(port);

	return hook_update_checksum(packet, checksum, port_of(quoted, side), to_port, false) &&
	       translate_address(packet, quoted, side, address) && write_port(packet, quoted, side, to_port);
}

/* RFC 1812, 5.3.1. The TTL shares a word with the protocol. */
static __always_inline bool decrease_ttl(struct packet *packet, const struct flow *flow)
{
	__u32 header = network_offset(packet, flow);
	__u8 ttl = flow->ip.ttl - 1;
	__be16 from = bpf_htons(flow->ip.ttl << 8 | flow->ip.protocol);
	__be16 to = bpf_htons(ttl << 8 | flow->ip.protocol);

	return hook_update_ip_checksum(packet, header + IPV4_CHECKSUM_OFFSET, from, to, sizeof(to)) &&
	       hook_write(packet, header + IPV4_TTL_OFFSET, &ttl, sizeof(ttl));
}

static __always_inline bool write_macs(struct packet *packet, const __u8 to[ETH_ALEN], const __u8 from[ETH_ALEN])
{
	__u8 macs[2 * ETH_ALEN];

	__builtin_memcpy(macs, to, ETH_ALEN);
	__builtin_memcpy(macs + ETH_ALEN, from, ETH_ALEN);
	return hook_write(packet, 0, macs, sizeof(macs));
}
