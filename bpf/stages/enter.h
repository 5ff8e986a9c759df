/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * enter_port, enter_uplink, enter_by_tag, enter_from_host: find the network of the frame. On a port the interface
 * selects it, on an uplink the outer tag.
 *
 * reads    ifindex, tag_type, tci
 * sets     network, segment; checksums_complete, may_be_sk_buff, has_public_addresses, is_routed; now_ns in
 *          enter_from_host
 * returns  NOT_ATTACHED, HOSTS_OWN
 * lookups  those of find_interface; networks; for a tag vlan_cache and vlans; under tc meta
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

/* Between attach and detach a port has no entry, and no frame passes it. */
static __always_inline enum reason enter_port(struct packet *packet)
{
	struct interface port = find_interface(packet->ifindex);

	if (port.kind != INTERFACE_PORT)
		return REASON_NOT_ATTACHED;
	packet->checksums_complete = port.flags & INTERFACE_CHECKSUMS_COMPLETE;
	packet->may_be_sk_buff = !hook_keeps_offloads && port.flags & INTERFACE_XDP_ON_SK_BUFFS;
	return enter_network(packet, port.network, REASON_NOT_ATTACHED);
}

/* The id of the network that owns the VID on the uplink; 0 if the host owns it. */
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

/* For a frame on an uplink. 802.1ad VIDs are another number space, and no network uses it. */
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

/* The host is a member of untagged networks only, so all other frames that it sends on an uplink pass. */
static __always_inline enum reason enter_from_host(struct packet *packet)
{
	packet->now_ns = bpf_ktime_get_coarse_ns();
	return outer_vid(packet) ? REASON_HOSTS_OWN : enter_by_tag(packet);
}
