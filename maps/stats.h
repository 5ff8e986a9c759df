/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats: the traffic and drop counters of an interface, for each CPU. A reader adds up the CPUs.
 */
#pragma once

#include "abi.h"
#include "reasons.h"

XVNET_ABI_BEGIN
struct direction_stats {
	__u64 packets;		     /* carried frames; a TSO frame counts once */
	__u64 bytes;		     /* bytes of carried frames, with the Ethernet header, without outer tag and FCS */
	__u64 reasons[REASON_LIMIT]; /* frames by reason, for the fates DROPPED and NOTED */
};
XVNET_ABI_SIZE(direction_stats, 8 * (2 + REASON_LIMIT));

struct stats {
	struct direction_stats from; /* from_vm or from_uplink */
	struct direction_stats to;   /* to_vm or to_uplink */
};
XVNET_ABI_SIZE(stats, 16 * (2 + REASON_LIMIT));
XVNET_ABI_END
