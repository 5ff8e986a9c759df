/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * allowed: the addresses that a port shares with other ports (--allow). The loader writes the entries.
 *
 * `addresses` holds the port that has the address at present: the one that announced it last (RFC 5227, 2.3).
 */
#pragma once

#include "address.h"

XVNET_ABI_BEGIN
struct allowed_key {
	__u32 ifindex;
	struct address address;
};
XVNET_ABI_SIZE(allowed_key, 20);
XVNET_ABI_END
