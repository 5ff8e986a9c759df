/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The Ethernet header and its outer VLAN tag (IEEE 802.1Q-2022).
 *
 * reads    tag_in_frame, tag_type, tci
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

/* A priority tag has VID 0, so the frame counts as untagged (IEEE 802.1Q, 6.9.1). */
static __always_inline bool is_of_vlan(const struct packet *packet)
{
	return packet->tag_type && (packet->tag_type != bpf_htons(ETH_P_8021Q) || outer_vid(packet));
}

/* Offset of the layer-3 header in the frame. */
static __always_inline __u32 header_offset(const struct packet *packet)
{
	return sizeof(struct ethhdr) + (packet->tag_in_frame ? sizeof(struct vlan_header) : 0);
}

static __always_inline bool is_multicast(const __u8 mac[ETH_ALEN])
{
	return mac[0] & 1;
}

static __always_inline bool is_zero_mac(const __u8 mac[ETH_ALEN])
{
	return !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

static __always_inline bool write_macs(struct packet *packet, const __u8 to[ETH_ALEN], const __u8 from[ETH_ALEN])
{
	struct ethhdr *eth = hook_bytes(packet, 0, sizeof(*eth));

	if (!eth)
		return false;
	__builtin_memcpy(eth->h_dest, to, ETH_ALEN);
	__builtin_memcpy(eth->h_source, from, ETH_ALEN);
	return true;
}
