/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gateways: the address at which the programs of every port answer as the network's gateway.
 *
 * Programs read this table only for frames that concern the gateway. networks.h says which networks have one.
 */
#pragma once

#include "address.h"

/* The gateway's MAC, "\x02xvnet". It is the same in every network and on every host, so a migrated VM keeps it. */
#define GATEWAY_MAC {0x02, 0x78, 0x76, 0x6e, 0x65, 0x74}

XVNET_ABI_BEGIN
struct gateway {
	struct address address;
	__u32 router; /* scope of ROUTE_OF_ROUTER in routes.h; 0: the network has no router */
};
XVNET_ABI_SIZE(gateway, 20);
XVNET_ABI_END
