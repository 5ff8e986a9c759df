/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * translate_error_*: an ICMP error is about a frame that it quotes, and is translated as that frame was: RFC 5508,
 * REQ-3 to REQ-5. It neither refreshes a mapping nor ends one (REQ-6), and may come from any router.
 *
 * returns  NOT_TRANSLATABLE, NAT_UNKNOWN, NAT_STRANGER
 * lookups  those of mapping.h and session.h
 */
#pragma once

#include "routable.h"
#include "session.h"
#include "translate.h"

/* A whole IPv4 header without damage, and at least eight bytes behind it. */
static __always_inline bool read_quoted_header(struct packet *packet, struct flow *quoted)
{
	if (!read_header(packet, quoted) || quoted->ip.frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET))
		return false;
	return quoted->header > sizeof(quoted->ip) || is_header_undamaged(&quoted->ip);
}

static __always_inline bool read_quoted(struct packet *packet, const struct flow *error, struct flow *quoted)
{
	quoted->start = error->header + ICMP_HEADER_SIZE;
	if (!read_quoted_header(packet, quoted))
		return false;
	switch (quoted->ip.protocol) {
	case IPPROTO_TCP:
		quoted->protocol = NAT_TCP;
		return read_transport_ports(packet, quoted);
	case IPPROTO_UDP:
		return read_udp(packet, quoted, sizeof(struct udphdr));
	case IPPROTO_ICMP:
		return read_icmp(packet, quoted, ICMP_HEADER_SIZE) && !quoted->is_icmp_error;
	default:
		return false;
	}
}

/* The public port of the inside one that the quoted frame was for. Of a floating address the slot is known already. */
static __always_inline bool find_quoted_mapping(struct packet *packet, struct translation *translation,
						const struct flow *quoted)
{
	struct nat_mapping_key key = {
		.network = packet->network,
		.address = to_address(quoted->ip.daddr),
		.port = quoted->destination,
		.protocol = quoted->protocol,
	};

	if (translation->is_floating) {
		translation->outside.port = quoted->destination;
		return true;
	}
	return find_mapping(translation, &key) && is_live(translation->slot, translation->now);
}

/* About a frame that the VM got. */
static __noinline enum reason translate_error_out(struct packet *packet, struct translation *translation)
{
	const struct flow *error = &translation->flow;
	struct flow quoted = {};
	__be32 public;

	if (!read_quoted(packet, error, &quoted) || quoted.ip.daddr != error->ip.saddr || !is_routable(quoted.ip.saddr))
		return REASON_NOT_TRANSLATABLE;
	if (!find_quoted_mapping(packet, translation, &quoted))
		return REASON_NAT_UNKNOWN;
	public = ipv4_of(&translation->outside.address);
	if (pop_tag(packet))
		return REASON_POP_FAILED;
	if (!translate_quoted(packet, error, &quoted, SIDE_DESTINATION, public, translation->outside.port) ||
	    !translate_address(packet, error, SIDE_SOURCE, public) || !decrease_ttl(packet, error))
		return REASON_NOT_TRANSLATABLE;
	return REASON_CONTINUE;
}
