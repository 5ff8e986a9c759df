/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * IPv4 addresses and those of maps/address.h.
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
