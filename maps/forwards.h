/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forwards: public ports that lead to ports of an inside address, and floating addresses, which lead to it with all their
 * ports. The loader's own memory of them; what programs go by is in nat_mappings.h, a mapping for each port.
 *
 * An inside port has at most one, because one is what its answers come from.
 */
#pragma once

#include "nat_mappings.h"

XVNET_ABI_BEGIN
struct forward {
	__u32 network;
	struct address inside;
	__u16 port;  /* the first one inside; 0 of a floating address */
	__u16 count; /* of ports; 1 of a floating address */
	__u32 state; /* enum record_state */
};
XVNET_ABI_SIZE(forward, 28);
XVNET_ABI_END
