/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gateways: the address at which a network's gateway answers, in every port's program by itself. Read only for frames
 * that ask for it; networks.h says which networks have one.
 */
#pragma once

#include "address.h"

/* The gateway's MAC, in every network and on every host: a VM that moves finds the same one. "\x02xvnet" */
#define GATEWAY_MAC {0x02, 0x78, 0x76, 0x6e, 0x65, 0x74}

XVNET_ABI_BEGIN
struct gateway {
	struct address address;
	__u32 router; /* the id under which routes.h has the networks that it leads to; 0: none */
};
XVNET_ABI_SIZE(gateway, 20);
XVNET_ABI_END
