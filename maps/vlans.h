/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vlans: the network that owns a VID on an uplink. A VID without an entry belongs to the host.
 */
#pragma once

#include "abi.h"

XVNET_ABI_BEGIN
struct vlan_key {
	__u32 uplink; /* ifindex */
	__u16 vid;    /* 0: untagged and priority-tagged frames */
	__u16 pad;
};
XVNET_ABI_SIZE(vlan_key, 8);
XVNET_ABI_END
