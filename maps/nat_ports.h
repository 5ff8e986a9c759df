/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat_ports: bitmaps of the public ports of a network that are known to be taken. With them a free port is found in a
 * few steps, even when the range is nearly full.
 *
 * A set bit means that the port's slot (nat_mappings.h) was taken at the last check. A clear bit means that the port
 * may be free. Only the slot decides, so a wrong bit does no harm: a wrong clear bit costs one more attempt, and the
 * sweep of a later search clears the bit of an expired mapping.
 *
 * All ports of a chunk have the same parity, because a public port keeps the parity of the inside port (RFC 4787,
 * REQ-4). The loader creates the chunks of a network's ranges and removes them with the ranges. Bits beyond the end of
 * the range are always set.
 */
#pragma once

#include "abi.h"

#define NAT_CHUNK_WORDS	  64
#define NAT_CHUNK_PORTS	  (NAT_CHUNK_WORDS * 64)
#define NAT_CHUNKS	  4 /* chunks of one parity that the largest range, 32768 ports, needs */
#define MAX_NAT_PORT_SETS (1 << 17)

XVNET_ABI_BEGIN
struct nat_chunk_key {
	__u32 network;
	__u8 range;    /* index in nat_network.ranges */
	__u8 protocol; /* enum nat_protocol */
	__u8 parity;
	__u8 chunk; /* its lowest port is first + 2 * NAT_CHUNK_PORTS * chunk + parity */
};
XVNET_ABI_SIZE(nat_chunk_key, 8);

struct nat_chunk {
	__u64 full; /* bit i: words[i] has no clear bit */
	__u64 words[NAT_CHUNK_WORDS];
	__u32 hand; /* position where the next sweep begins */
	__u32 pad;
};
XVNET_ABI_SIZE(nat_chunk, 16 + 8 * NAT_CHUNK_WORDS);
XVNET_ABI_END
