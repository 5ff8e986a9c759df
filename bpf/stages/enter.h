/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * enter_*: which network the frame is in, by where it came from and, on an uplink, by its outer tag.
 *
 * reads    ifindex, tag_type, tci
 * sets     network, segment, checksums_complete, may_be_sk_buff, has_public_addresses, is_routed; of what the host sends now_ns
 * returns  NOT_ATTACHED, HOSTS_OWN
 * lookups  those of find_interface; of a port networks; of a tag vlan_cache, vlans, networks
 */
#pragma once

#include "interface.h"
#include "parse.h"

static __always_inline enum reason enter_network(struct packet *packet, __u32 network, enum reason otherwise)
{
	packet->network = network;
	packet->segment = bpf_map_lookup_elem(&networks, &network);
	if (!packet->segment || !packet->segment->ageing_ns)
		return otherwise;
	return hook_is_at_home(packet) ? REASON_CONTINUE : otherwise;
}

/* A port without an entry is between attach and detach: nothing passes it. */
static __always_inline enum reason enter_port(struct packet *packet)
{
	struct interface port = find_interface(packet->ifindex);

	if (port.kind != INTERFACE_PORT)
		return REASON_NOT_ATTACHED;
	packet->checksums_complete = port.flags & INTERFACE_CHECKSUMS_COMPLETE;
	packet->may_be_sk_buff = !hook_keeps_offloads && port.flags & INTERFACE_XDP_ON_SK_BUFFS;
	return enter_network(packet, port.network, REASON_NOT_ATTACHED);
}

/* The network that has it, or 0. */
static __always_inline __u32 find_vlan(__u32 uplink, __u16 vid)
{
	struct vlan_key key = {.uplink = uplink, .vid = vid};
	__u32 place = vid;
	struct cached_vlan *cached = bpf_map_lookup_elem(&vlan_cache, &place);
	__u32 *network;

	if (cached && cached->uplink == uplink)
		return cached->network;
	network = bpf_map_lookup_elem(&vlans, &key);
	return network ? *network : 0;
}

/* Of a frame on an uplink. An 802.1ad tag is another number space than 802.1Q's, and no network of ours is in it. */
static __always_inline enum reason enter_by_tag(struct packet *packet)
{
	if (packet->tag_type == bpf_htons(ETH_P_8021AD))
		return REASON_HOSTS_OWN;
	return enter_network(packet, find_vlan(packet->ifindex, outer_vid(packet)), REASON_HOSTS_OWN);
}

static __always_inline enum reason enter_uplink(struct packet *packet)
{
	struct interface uplink;

	if (hook_is_own_frame(packet)) {
		hook_clear_mark(packet);
		return REASON_HOSTS_OWN;
	}
	packet->is_routed = hook_is_routed_frame(packet);
	if (packet->is_routed)
		hook_clear_mark(packet);
	uplink = find_interface(packet->ifindex);
	if (uplink.kind != INTERFACE_UPLINK)
		return REASON_HOSTS_OWN;
	packet->checksums_complete = uplink.flags & INTERFACE_CHECKSUMS_COMPLETE;
	packet->may_be_sk_buff = !hook_keeps_offloads && uplink.flags & INTERFACE_XDP_ON_SK_BUFFS;
	packet->has_public_addresses = uplink.flags & INTERFACE_NAT;
	return REASON_CONTINUE;
}

/* What the host sends on an uplink concerns us only where the host is a member: in an untagged network. */
static __always_inline enum reason enter_from_host(struct packet *packet)
{
	packet->now_ns = bpf_ktime_get_coarse_ns();
	return outer_vid(packet) ? REASON_HOSTS_OWN : enter_by_tag(packet);
}
