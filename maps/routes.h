/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * routes: what is behind a prefix, by the longest one that matches. Written by the loader. Read only for frames that go
 * through a gateway, of networks that networks.h says it of, and for frames to the host's interface in a network.
 */
#pragma once

#include "address.h"

XVNET_ABI_BEGIN
enum route_kind {
	ROUTE_OF_ROUTER = 1,	/* the subnet of one of a router's networks */
	ROUTE_UNTRANSLATED = 2, /* to whom a network speaks by its own addresses */
	ROUTE_INSIDE = 3,	/* the subnet of such a network, which has it alone on the host */
	ROUTE_TO_HOST = 4,	/* an address, or a broadcast address, of the host's interface in a network */
	ROUTE_BESIDE_HOST = 5,	/* the prefix of one: who is beside it */
};

struct route_key {
	__u32 prefix; /* bits of what follows that count */
	__u32 kind;   /* enum route_kind */
	__u32 scope;  /* the router's id; the network's; 0 */
	struct address address;
};
XVNET_ABI_SIZE(route_key, 28);

struct route {
	__u32 network;
};
XVNET_ABI_SIZE(route, 4);
XVNET_ABI_END

#define ROUTE_SCOPE_BITS 64 /* of kind and scope */
#define ROUTE_HOST_BITS	 (ROUTE_SCOPE_BITS + 128)
