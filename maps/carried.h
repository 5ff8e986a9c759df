/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * carried: packet and byte counters of carried frames, for each interface that has an element in interface_cache.h.
 *
 * The index is the same in both arrays. A reader adds these counters to those of stats.h.
 */
#pragma once

#include "interface_cache.h"

XVNET_ABI_BEGIN
struct carried_direction {
	__u64 packets;
	__u64 bytes; /* counted as in direction_stats */
};
XVNET_ABI_SIZE(carried_direction, 16);

struct carried {
	struct carried_direction from;
	struct carried_direction to;
};
XVNET_ABI_SIZE(carried, 32);
XVNET_ABI_END
