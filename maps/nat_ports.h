/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat_ports: which public ports of a network are known to be taken, so that a free one is found in a few steps however
 * full the range is.
 *
 * A set bit says that the port's slot (nat_mappings.h) was taken when somebody last looked; a clear bit says that it may
 * be free. The slot alone decides. So a bit may be wrong in both directions: a clear bit costs one more try, and a set bit
 * of a mapping that has ended is found by the sweep of a later search.
 *
 * A chunk has ports of one parity, since a public port keeps the parity of the inside one (RFC 4787, REQ-4). The loader
 * makes a network's chunks and removes them with its ranges; bits behind the end of the range are set.
 */
#pragma once

#include "abi.h"

#define NAT_CHUNK_WORDS	  64
#define NAT_CHUNK_PORTS	  (NAT_CHUNK_WORDS * 64)
#define NAT_CHUNKS	  4 /* of one parity of the largest range: 32768 ports */
#define MAX_NAT_PORT_SETS (1 << 17)

XVNET_ABI_BEGIN
struct nat_chunk_key {
	__u32 network;
	__u8 range;    /* of nat_networks.h */
	__u8 protocol; /* enum nat_protocol */
	__u8 parity;
	__u8 chunk; /* ports from first + 2 * NAT_CHUNK_PORTS * chunk + parity on */
};
XVNET_ABI_SIZE(nat_chunk_key, 8);

struct nat_chunk {
	__u64 full; /* bit i: words[i] has no clear bit */
	__u64 words[NAT_CHUNK_WORDS];
	__u32 hand; /* where the next sweep begins */
	__u32 pad;
};
XVNET_ABI_SIZE(nat_chunk, 16 + 8 * NAT_CHUNK_WORDS);
XVNET_ABI_END
