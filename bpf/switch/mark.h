/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * check_mark: passes a frame that xvnet itself sent. XDP has no such stage: an XDP redirect bypasses the tc programs
 * that read the mark.
 * mark_routed: marks a frame that xvnet sends out of an uplink.
 *
 * reads    is_routed
 * sets     is_routed
 * reasons  NOT_OURS
 */
#pragma once

#include "../lib/interface.h"

static __always_inline enum reason check_mark(struct packet *packet)
{
	if (hook_is_own_frame(packet)) {
		hook_clear_mark(packet);
		return REASON_NOT_OURS;
	}
	packet->is_routed = hook_is_routed_frame(packet);
	if (packet->is_routed)
		hook_clear_mark(packet);
	return REASON_CONTINUE;
}

/*
 * Marks a frame that xvnet sends out of an uplink. If the uplink has an untagged network, the receiver may be a VM of
 * it, and the program on the uplink's egress has to look.
 */
static __always_inline void mark_routed(struct packet *packet, __u32 uplink)
{
	if (find_vlan(uplink, 0))
		hook_mark_routed(packet);
	else
		hook_mark_own(packet);
}
