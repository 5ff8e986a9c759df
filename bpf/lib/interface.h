/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * find_interface: the role of an interface in xvnet. Its kind is 0 if the interface has none.
 * find_vlan: the network that owns a VID on an uplink.
 *
 * Each has a cache in front of its table: docs/decisions/0016-arrays-before-hashes.md.
 *
 * lookups  interfaces, interface_cache, vlans, vlan_cache
 */
#pragma once

#include "../packet.h"

static __always_inline bool has_element(__u32 ifindex, const struct cached_interface *cached)
{
	return cached && cached->ifindex == ifindex;
}

static __always_inline struct interface find_interface(__u32 ifindex)
{
	__u32 key = ifindex % INTERFACE_CACHE_SIZE;
	struct cached_interface *cached = bpf_map_lookup_elem(&interface_cache, &key);
	struct interface *entry;

	if (has_element(ifindex, cached))
		return cached->interface;
	key = ifindex;
	entry = bpf_map_lookup_elem(&interfaces, &key);
	return entry ? *entry : (struct interface){};
}

/* The id of the network that owns the VID on the uplink; 0 if the host owns it. */
static __always_inline __u32 find_vlan(__u32 uplink, __u16 vid)
{
	struct vlan_key key = {.uplink = uplink, .vid = vid};
	__u32 index = vid;
	struct cached_vlan *cached = bpf_map_lookup_elem(&vlan_cache, &index);
	__u32 *network_id;

	if (cached && cached->uplink == uplink)
		return cached->network;
	network_id = bpf_map_lookup_elem(&vlans, &key);
	return network_id ? *network_id : 0;
}
