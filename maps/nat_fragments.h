/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat_fragments: which public port a datagram in fragments belongs to. Only its first fragment says so.
 * nat_rings: the datagrams that a network has in it. The next one takes the place of the oldest, so that none has more
 * than its own.
 * nat_held: fragments of the wire that came before their first one.
 *
 * The loader makes a network's ring and removes it, with what it has in nat_fragments; the rest is the programs'.
 */
#pragma once

#include "nat_mappings.h"

#define NAT_RING_SIZE	  128
#define NAT_HELD_PLACES	  256
#define NAT_HELD_BUCKET	  8    /* places where a fragment may be */
#define NAT_HELD_SIZE	  2048 /* bytes of a frame */
#define MAX_NAT_FRAGMENTS (MAX_NETWORKS * NAT_RING_SIZE)

XVNET_ABI_BEGIN
/* RFC 791, 2.3: what the fragments of a datagram have in common. */
struct nat_fragment_key {
	struct address source;
	struct address destination;
	__u32 network; /* of a VM's; 0: of the wire */
	__u16 id;
	__u8 protocol; /* IPPROTO_* */
	__u8 pad;
};
XVNET_ABI_SIZE(nat_fragment_key, 40);

struct nat_fragment {
	__u64 expires_ns; /* CLOCK_MONOTONIC */
	struct nat_slot_key outside;
	__u32 pad;
};
XVNET_ABI_SIZE(nat_fragment, 32);

struct nat_ring {
	struct nat_fragment_key keys[NAT_RING_SIZE];
	__u32 next;
	__u32 pad;
};
XVNET_ABI_SIZE(nat_ring, 40 * NAT_RING_SIZE + 8);

struct nat_held {
	__u64 expires_ns; /* CLOCK_MONOTONIC; or as of a slot */
	struct nat_fragment_key key;
	__u32 length;
	__u32 pad;
	__u8 bytes[NAT_HELD_SIZE]; /* without a tag */
};
XVNET_ABI_SIZE(nat_held, 56 + NAT_HELD_SIZE);
XVNET_ABI_END
