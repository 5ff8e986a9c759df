/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vlan_cache: a direct-mapped cache of vlans.h. The index is the VID.
 *
 * Only VID 0, the untagged frames, can be in use on several uplinks. The loader writes it by the rules of
 * interface_cache.h.
 */
#pragma once

#include "abi.h"

#define VLAN_CACHE_SIZE 4096

XVNET_ABI_BEGIN
struct cached_vlan {
	__u32 uplink; /* ifindex; 0: unused */
	__u32 network;
};
XVNET_ABI_SIZE(cached_vlan, 8);
XVNET_ABI_END
