/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interface_cache: a direct-mapped cache of interfaces.h. The index is the ifindex modulo the size of the cache.
 *
 * A program reads an array element in about 10 instructions; a lookup in a hash table takes about 150. When two
 * interfaces share an index, the first one keeps the element, and programs look the second one up in interfaces.
 *
 * The loader writes an element only while it is zero, that is, unused. A program that reads a half-written element
 * therefore never sees another network's id. The loader clears the element before it changes the interface's entry.
 * docs/decisions/0016-arrays-before-hashes.md
 */
#pragma once

#include "interfaces.h"

#define INTERFACE_CACHE_SIZE MAX_INTERFACES

XVNET_ABI_BEGIN
struct cached_interface {
	__u32 ifindex; /* 0: unused */
	struct interface interface;
	__u32 pad;
};
XVNET_ABI_SIZE(cached_interface, 16);
XVNET_ABI_END
