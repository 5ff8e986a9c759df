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

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ADDRESSES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct allowed_key);
	__type(value, __u32); /* network id */
} allowed SEC(".maps");
#endif
