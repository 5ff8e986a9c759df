/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices: the live network devices xvnet may transmit on.
 *
 * The kernel removes a device's entry when the device goes, before its ifindex can be given to another one. XDP
 * redirects through this map; tc looks a target up here first. So an ifindex left in another table never reaches
 * a stranger's device.
 */
#pragma once

#include "abi.h"

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, MAX_INTERFACES);
	__uint(key_size, sizeof(__u32));   /* ifindex */
	__uint(value_size, sizeof(__u32)); /* the same ifindex */
} devices SEC(".maps");
#endif
