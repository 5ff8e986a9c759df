/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * carried: what was carried for an interface that has a place in interface_cache.h, which is its place here. It adds to
 * what stats.h has for it.
 */
#pragma once

#include "interface_cache.h"

XVNET_ABI_BEGIN
struct carried_direction {
	__u64 packets;
	__u64 bytes; /* as in direction_stats */
};
XVNET_ABI_SIZE(carried_direction, 16);

struct carried {
	struct carried_direction from;
	struct carried_direction to;
};
XVNET_ABI_SIZE(carried, 32);
XVNET_ABI_END
