/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An IP address in the form that all tables use: 16 bytes. An IPv4 address is v4-mapped (RFC 4291, 2.5.5.2). All zeros
 * mean that there is no address.
 */
#pragma once

#include "abi.h"

#define V4_MAPPED_PREFIX 96 /* bits in front of the IPv4 address */
#define V4_MAPPED_OFFSET (V4_MAPPED_PREFIX / 8)

XVNET_ABI_BEGIN
struct address {
	__u8 bytes[16];
} __attribute__((aligned(4)));
XVNET_ABI_SIZE(address, 16);
XVNET_ABI_END
