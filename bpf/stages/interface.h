/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * find_interface: the role of an interface in xvnet. Its kind is 0 if the interface has none.
 *
 * lookups  interface_cache; interfaces, if another interface has the element in the cache
 */
#pragma once

#include "../packet.h"

static __always_inline bool has_place(__u32 ifindex, const struct cached_interface *cached)
{
	return cached && cached->ifindex == ifindex;
}

static __always_inline struct interface find_interface(__u32 ifindex)
{
	__u32 key = ifindex % INTERFACE_CACHE_SIZE;
	struct cached_interface *cached = bpf_map_lookup_elem(&interface_cache, &key);
	struct interface *entry;

	if (has_place(ifindex, cached))
		return cached->interface;
	key = ifindex;
	entry = bpf_map_lookup_elem(&interfaces, &key);
	return entry ? *entry : (struct interface){};
}
