/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vlan_cache: a direct-mapped cache of vlans.h, at the VID. Only untagged frames are on more than one uplink. It is written
 * as interface_cache.h is.
 */
#pragma once

#include "abi.h"

#define VLAN_CACHE_SIZE 4096

XVNET_ABI_BEGIN
struct cached_vlan {
	__u32 uplink; /* ifindex, 0: nobody's */
	__u32 network;
};
XVNET_ABI_SIZE(cached_vlan, 8);
XVNET_ABI_END
