/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interface_cache: a direct-mapped cache of interfaces.h, at the ifindex modulo its size. An array's element costs a
 * program ten instructions, a hash table's a hundred and fifty.
 *
 * Of two interfaces with one place, the one that came first has it; the other is looked up in interfaces. The loader
 * writes an element only while it is zero, in which it is none, so that a torn one names no network but its own; and an
 * interface's entry changes only while the cache has none of it. docs/decisions/0016-arrays-before-hashes.md
 */
#pragma once

#include "interfaces.h"

#define INTERFACE_CACHE_SIZE MAX_INTERFACES

XVNET_ABI_BEGIN
struct cached_interface {
	__u32 ifindex; /* 0: nobody's */
	struct interface interface;
	__u32 pad;
};
XVNET_ABI_SIZE(cached_interface, 16);
XVNET_ABI_END
