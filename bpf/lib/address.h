/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Conversion between IPv4 addresses and those of maps/address.h, and a hash of them.
 */
#pragma once

#include "../packet.h"
#include "../../maps/address.h"

static __always_inline struct address to_address(__be32 ipv4)
{
	struct address address = {};

	address.bytes[10] = 0xff;
	address.bytes[11] = 0xff;
	__builtin_memcpy(address.bytes + V4_MAPPED_OFFSET, &ipv4, sizeof(ipv4));
	return address;
}

static __always_inline __be32 ipv4_of(const struct address *address)
{
	__be32 ipv4;

	__builtin_memcpy(&ipv4, address->bytes + V4_MAPPED_OFFSET, sizeof(ipv4));
	return ipv4;
}

/*
 * Zero if both are equal. verifier: this compiles to a single branch; with more branches everything after each one is
 * verified again.
 */
static __always_inline __u32 address_difference(const struct address *a, const struct address *b)
{
	const __u32 *x = (const __u32 *)a, *y = (const __u32 *)b;

	return (x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]);
}

/* The finalizer of MurmurHash3: each input bit affects all output bits. */
static __always_inline __u32 mix(__u32 word)
{
	word ^= word >> 16;
	word *= 0x85ebca6b;
	word ^= word >> 13;
	word *= 0xc2b2ae35;
	return word ^ word >> 16;
}

static __always_inline __u32 address_hash(const struct address *address)
{
	const __u32 *words = (const __u32 *)address;

	return mix(mix(mix(words[0] ^ words[1]) ^ words[2]) ^ words[3]);
}
