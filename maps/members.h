/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * members: the local ports of a network, where a flood goes. The uplink is not among them (networks.h).
 *
 * The loader replaces a whole list at a time. The kernel may reuse the old list's memory while a flood still
 * reads it, so each member is checked against interfaces.h before it gets a frame.
 */
#pragma once

#include "abi.h"

XVNET_ABI_BEGIN
struct members {
	__u32 count;
	__u32 ifindex[MAX_MEMBERS];
};
XVNET_ABI_SIZE(members, 4 + 4 * MAX_MEMBERS);
XVNET_ABI_END
