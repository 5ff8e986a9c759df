/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats: what an interface sent and received, counted per CPU; a reader adds the CPUs up.
 */
#pragma once

#include "abi.h"
#include "reasons.h"

XVNET_ABI_BEGIN
struct direction_stats {
	__u64 packets;		     /* carried; a TSO frame is one */
	__u64 bytes;		     /* of carried frames, Ethernet header included, outer tag and FCS not */
	__u64 reasons[REASON_LIMIT]; /* frames by reason, for the fates DROPPED and NOTED */
};
XVNET_ABI_SIZE(direction_stats, 8 * (2 + REASON_LIMIT));

struct stats {
	struct direction_stats from; /* from_vm, or from_uplink */
	struct direction_stats to;   /* to_vm, or to_uplink */
};
XVNET_ABI_SIZE(stats, 16 * (2 + REASON_LIMIT));
XVNET_ABI_END
