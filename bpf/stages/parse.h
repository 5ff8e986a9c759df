/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * parse: reads the Ethernet header, and the outer tag from the bytes or from the hook's metadata.
 *
 * sets     destination_mac, source_mac, ethertype, tag_type, tci, length, tag_in_frame
 * returns  TRUNCATED
 */
#pragma once

#include "../packet.h"

static __always_inline bool is_vlan_ethertype(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

static __always_inline __u16 outer_vid(const struct packet *packet)
{
	return packet->tci & VLAN_VID_MASK;
}

/* Offset of the layer-3 header in the frame. */
static __always_inline __u32 header_offset(const struct packet *packet)
{
	return sizeof(struct ethhdr) + (packet->tag_in_frame ? sizeof(struct vlan_header) : 0);
}

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
	if (hook_hidden_tag(packet, &packet->tag_type, &packet->tci))
		return REASON_CONTINUE;
	return is_vlan_ethertype(packet->ethertype) ? parse_tag_in_frame(packet) : REASON_CONTINUE;
}
