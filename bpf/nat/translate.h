/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Writes the translation into the frame. Checksums are updated for each word that changes (RFC 1624). The kernel
 * finishes a partial checksum later, over the bytes that are there then, so only the pseudo-header's part changes.
 */
#pragma once

#include "../lib/flow.h"

enum side {
	SIDE_SOURCE,
	SIDE_DESTINATION,
};

/* TCP and UDP have two ports. An ICMP query has a single identifier. */
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
	struct iphdr *ip = ip_header(packet, flow);

	if (!ip)
		return false;
	follow_change(ip, address_of(flow, side), address);
	*(side == SIDE_SOURCE ? &ip->saddr : &ip->daddr) = address;
	return true;
}

static __always_inline bool write_port(struct packet *packet, const struct flow *flow, enum side side, __be16 port)
{
	__u32 offset = transport_offset(packet, flow) + port_offset(flow, side);
	__be16 *field = hook_bytes(packet, offset, sizeof(port));

	if (!field)
		return false;
	*field = port;
	return true;
}

/* Replaces the address and port of the flow on this side. A flow without ports has only its address replaced. */
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
 * Translates the packet that an ICMP error quotes. In the checksum of the error, the changes of the address and of the
 * quoted IPv4 checksum cancel out, so only the port counts. The quoted transport checksum does not change, because no
 * receiver may rely on it (RFC 5508, REQ-3).
 */
static __always_inline bool translate_quoted(struct packet *packet, const struct flow *error, const struct flow *quoted,
					     enum side side, __be32 address, __u16 port)
{
	__u32 checksum = transport_offset(packet, error) + ICMP_CHECKSUM_OFFSET;
	__be16 to_port = bpf_htons(port);

	return hook_update_checksum(packet, checksum, port_of(quoted, side), to_port, false) &&
	       translate_address(packet, quoted, side, address) && write_port(packet, quoted, side, to_port);
}
