/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * members: the local ports of a network, which receive what is flooded. The uplink is not among them (networks.h).
 *
 * The loader always replaces the whole list. The kernel may reuse the memory of the old list while a program still
 * reads it, so programs check each member against interfaces.h before they send to it.
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
