/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * routes: the network behind a prefix, by longest-prefix match. The loader writes the entries.
 *
 * Programs read this table only for frames that go through a gateway, in networks whose flags (networks.h) require it,
 * and for frames to the host's interface in a network.
 */
#pragma once

#include "address.h"

XVNET_ABI_BEGIN
enum route_kind {
	ROUTE_OF_ROUTER = 1,	/* subnet of a network that a router connects */
	ROUTE_UNTRANSLATED = 2, /* remotes with which a network exchanges untranslated traffic */
	ROUTE_INSIDE = 3,	/* subnet of a network with such remotes; unique on the host */
	ROUTE_TO_HOST = 4,	/* address or broadcast address of the host's interface in a network */
	ROUTE_BESIDE_HOST = 5,	/* prefix of such an address: the host's neighbours in that network */
};

struct route_key {
	__u32 prefix; /* significant bits of the fields that follow */
	__u32 kind;   /* enum route_kind */
	__u32 scope;  /* id of the router or the network; 0 for ROUTE_INSIDE */
	struct address address;
};
XVNET_ABI_SIZE(route_key, 28);

struct route {
	__u32 network;
};
XVNET_ABI_SIZE(route, 4);
XVNET_ABI_END

#define ROUTE_SCOPE_BITS 64 /* bits of kind and scope */
#define ROUTE_HOST_BITS	 (ROUTE_SCOPE_BITS + 128)
