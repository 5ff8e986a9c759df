/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forwards: public ports that lead to the ports of an inside address, and floating addresses, which lead to an inside
 * address with all their ports.
 *
 * Only the loader reads this table. Programs use the mappings that it makes of each forward, one for each port
 * (nat_mappings.h).
 *
 * An inside port has at most one forward, because its replies can have only one public source.
 */
#pragma once

#include "nat_mappings.h"

XVNET_ABI_BEGIN
struct forward {
	__u32 network;
	struct address inside;
	__u16 port;  /* first inside port; 0 for a floating address */
	__u16 count; /* number of ports; 1 for a floating address */
	__u32 state; /* enum record_state */
};
XVNET_ABI_SIZE(forward, 28);
XVNET_ABI_END
