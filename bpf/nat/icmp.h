/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * translate_error_out: an ICMP error is translated like the packet that it quotes (RFC 5508, REQ-3 to REQ-5). It
 * neither refreshes nor ends a mapping (REQ-6), and any router may send it.
 *
 * reads    network_id
 * reasons  NOT_TRANSLATABLE, NAT_NO_MAPPING, POP_FAILED
 */
#pragma once

#include "../gateway/source_filter.h"
#include "../switch/emit.h"
#include "mapping.h"
#include "translate.h"

/*
 * Finds the public port of the inside port to which the quoted packet was sent. For a floating address the slot is
 * already known.
 */
static __always_inline bool find_quoted_mapping(struct packet *packet, struct translation *translation,
						const struct flow *quoted)
{
	struct nat_mapping_key key = {
		.network = packet->network_id,
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

/* Translates an ICMP error of a VM about a packet that it received. */
static __noinline enum reason translate_error_out(struct packet *packet, struct translation *translation)
{
	const struct flow *error = &translation->flow;
	struct flow quoted = {};
	__be32 public;

	if (!read_quoted(packet, error, &quoted) || quoted.ip.daddr != error->ip.saddr || !is_routable(quoted.ip.saddr))
		return REASON_NOT_TRANSLATABLE;
	if (!find_quoted_mapping(packet, translation, &quoted))
		return REASON_NAT_NO_MAPPING;
	public = ipv4_of(&translation->outside.address);
	if (pop_tag(packet))
		return REASON_POP_FAILED;
	if (!translate_quoted(packet, error, &quoted, SIDE_DESTINATION, public, translation->outside.port) ||
	    !translate_address(packet, error, SIDE_SOURCE, public) || !decrease_ttl(packet, error))
		return REASON_NOT_TRANSLATABLE;
	return REASON_CONTINUE;
}
