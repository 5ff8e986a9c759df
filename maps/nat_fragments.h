/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat_fragments: the public port of a fragmented datagram. Only the first fragment contains it.
 * nat_rings: the datagrams that a network has in nat_fragments. A new one replaces the network's oldest, so no network
 * displaces the datagrams of another.
 * nat_held: fragments from the wire that arrived before the first one of their datagram.
 *
 * The loader creates a network's ring, and removes it together with the network's entries in nat_fragments. Programs
 * write everything else.
 */
#pragma once

#include "nat_mappings.h"

#define NAT_RING_SIZE	  128
#define NAT_HELD_ELEMENTS 256
#define NAT_HELD_BUCKET	  8    /* elements that may hold a given fragment */
#define NAT_HELD_SIZE	  2048 /* maximum frame length in bytes */
#define MAX_NAT_FRAGMENTS (MAX_NETWORKS * NAT_RING_SIZE)

XVNET_ABI_BEGIN
/* The fields that all fragments of a datagram share (RFC 791, 2.3). */
struct nat_fragment_key {
	struct address source;
	struct address destination;
	__u32 network; /* network of the sending VM; 0: from the wire */
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
	__u64 expires_ns; /* CLOCK_MONOTONIC, or a special value as in nat_slot */
	struct nat_fragment_key key;
	__u32 length;
	__u32 pad;
	__u8 bytes[NAT_HELD_SIZE]; /* the frame without a tag */
};
XVNET_ABI_SIZE(nat_held, 56 + NAT_HELD_SIZE);
XVNET_ABI_END
