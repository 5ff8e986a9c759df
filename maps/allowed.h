/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * allowed: the addresses that a port may take from the other ports that may have them, by --allow. Written by the loader.
 *
 * Who has one at present is in `addresses`: whoever announced it last (RFC 5227, 2.3).
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
