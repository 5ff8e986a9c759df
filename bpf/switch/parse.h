/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * parse: reads the Ethernet header, and the outer tag if the hook has not read it from its metadata.
 *
 * reads    tag_type, ethertype, length
 * sets     tag_in_frame, tag_type, tci, ethertype, destination_mac, source_mac, length
 * reasons  TRUNCATED
 */
#pragma once

#include "../lib/eth.h"

static __always_inline enum reason parse_tag_in_frame(struct packet *packet)
{
	struct vlan_header *vlan = hook_bytes(packet, sizeof(struct ethhdr), sizeof(*vlan));

	if (!vlan)
		return REASON_TRUNCATED;
	packet->tag_type = packet->ethertype;
	packet->tci = bpf_ntohs(vlan->tci);
	packet->ethertype = vlan->ethertype;
	packet->length -= sizeof(*vlan);
	packet->tag_in_frame = true;
	return REASON_CONTINUE;
}

static __always_inline enum reason parse(struct packet *packet)
{
	struct ethhdr *eth = hook_bytes(packet, 0, sizeof(*eth));

	if (!eth)
		return REASON_TRUNCATED;
	__builtin_memcpy(packet->destination_mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(packet->source_mac, eth->h_source, ETH_ALEN);
	packet->ethertype = eth->h_proto;
	packet->length = hook_length(packet);
	if (packet->tag_type)
		return REASON_CONTINUE;
	return is_vlan_ethertype(packet->ethertype) ? parse_tag_in_frame(packet) : REASON_CONTINUE;
}
