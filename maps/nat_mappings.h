/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat_slots: the owner of each public port. nat_mappings: the public port of each inside port. A mapping has one entry
 * in both.
 *
 * Mappings are endpoint-independent: an inside address and port have one public address and port for all remotes. The
 * slot owns the mapping, which is live until `expires_ns`. Afterwards a program that needs a port for the same network
 * may claim the slot, with one compare-and-swap on `expires_ns`, and removes the old entry of nat_mappings. So no
 * garbage collector is needed, a live mapping is never displaced, and the number of a network's mappings is bounded by
 * its ports.
 *
 * On an address of the host a slot may belong to the host, because a socket, a connection that the host translates, or
 * a ping of the host uses the port. No VM gets the port while such a slot is live.
 *
 * A forward (forwards.h) is a mapping that the loader creates and that never expires. It leads to the port that has the
 * inside address at present. Any remote may use it, so it has no sessions.
 */
#pragma once

#include "address.h"

XVNET_ABI_BEGIN
enum nat_protocol {
	NAT_UDP = 0,
	NAT_TCP = 1,
	NAT_ICMP = 2, /* queries, with the identifier as port (RFC 5508) */
	NAT_ANY = 3,  /* any protocol, without a port: the key of a floating address */
};

enum {
	NAT_SLOT_FREE = 0,    /* special values of expires_ns */
	NAT_SLOT_CLAIMED = 1, /* a CPU is changing the slot */
};
#define NAT_SLOT_FORWARD (1ull << 62) /* special value of expires_ns: later than any time */
#define NAT_SLOT_HOST	 0	      /* network of a slot that belongs to the host; network ids begin at 1 */

enum nat_slot_flags {
	NAT_SLOT_QUERIES = 1 << 0, /* only queries to services that reply at once, such as DNS */
	NAT_SLOT_CLOSING = 1 << 1, /* slot of the host: a FIN or RST was seen */
};

struct nat_slot_key {
	struct address address; /* public */
	__u16 port;
	__u8 protocol; /* enum nat_protocol */
	__u8 pad;
};
XVNET_ABI_SIZE(nat_slot_key, 20);

struct nat_slot {
	__u64 expires_ns; /* CLOCK_MONOTONIC, or a special value */
	struct address inside;
	__u32 network; /* or NAT_SLOT_HOST */
	__u32 ifindex; /* port of the VM; ifindex and mac are those of its last frame */
	__u8 mac[6];
	__u16 port;	   /* inside port */
	__u32 established; /* number of established TCP sessions */
	__u32 created_s;   /* CLOCK_MONOTONIC in seconds */
	__u64 bytes_out;   /* bytes of IP packets; bytes_in as well */
	__u64 bytes_in;
	__u32 unanswered; /* queries without a reply, while NAT_SLOT_QUERIES is set */
	/* Time of the last lookup for a socket of the host with this port: CLOCK_MONOTONIC in units of 2^30 ns. */
	__u32 checked;
	__u16 generation; /* changes with the owner; sessions of a previous owner have another value */
	__u16 flags;	  /* enum nat_slot_flags */
	__u32 pad;
};
XVNET_ABI_SIZE(nat_slot, 80);

struct nat_mapping_key {
	__u32 network;
	struct address address; /* inside */
	__u16 port;
	__u8 protocol; /* enum nat_protocol */
	__u8 pad;
};
XVNET_ABI_SIZE(nat_mapping_key, 24);

#define NAT_RANGE_FORWARD 0xffff

struct nat_mapping {
	__u16 range;		/* index in nat_network.ranges, which has the address; or NAT_RANGE_FORWARD */
	__u16 port;		/* public port */
	struct address address; /* public address of a forward */
};
XVNET_ABI_SIZE(nat_mapping, 20);
XVNET_ABI_END
