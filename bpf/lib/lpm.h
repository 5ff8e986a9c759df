/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * find_route: longest-prefix match in maps/routes.h.
 *
 * lookups  routes
 */
#pragma once

#include "address.h"

/* The id of the network that the route leads to, or 0. */
static __always_inline __u32 find_route_to(enum route_kind kind, __u32 scope, const struct address *address)
{
	struct route_key key = {.prefix = ROUTE_HOST_BITS, .kind = kind, .scope = scope, .address = *address};
	struct route *route = bpf_map_lookup_elem(&routes, &key);

	return route ? route->network : 0;
}

static __always_inline __u32 find_route(enum route_kind kind, __u32 scope, __be32 ipv4)
{
	struct address address = to_address(ipv4);

	return find_route_to(kind, scope, &address);
}
