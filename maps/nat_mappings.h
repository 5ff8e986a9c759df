/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat_slots: who has a public port. nat_mappings: which public port an inside port has. One mapping is one entry in each.
 *
 * A mapping is endpoint-independent: an inside address and port have one public address and port, whoever they speak to.
 * The slot owns it. It is live until `expires_ns`; later, whoever of the same network needs a port may take it, with one
 * compare-and-swap on that word, and removes the entry of nat_mappings that led to it. So nothing collects garbage, a
 * live mapping is never taken away, and a network has as many as it has ports.
 *
 * On an address of the host a slot may be the host's: a socket, a connection that the host translates, or a ping of its
 * uses the port. No tenant gets such a port while the slot lives.
 *
 * A forward (forwards.h) is a mapping that the loader makes and that never ends. Whoever has the inside address then has
 * it, and anybody may speak to it, so it has no sessions.
 */
#pragma once

#include "address.h"

XVNET_ABI_BEGIN
enum nat_protocol {
	NAT_UDP = 0,
	NAT_TCP = 1,
	NAT_ICMP = 2, /* queries, by their identifier: RFC 5508 */
	NAT_ANY = 3,  /* all there is, without a port: of a floating address */
};

enum {
	NAT_SLOT_FREE = 0,   /* values of expires_ns */
	NAT_SLOT_TAKING = 1, /* somebody is at work on it */
};
#define NAT_SLOT_FORWARD (1ull << 62) /* another one: later than any time */
#define NAT_SLOT_HOST	 0	      /* the network of a slot that is the host's; ids begin at 1 */

enum nat_slot_flags {
	NAT_SLOT_QUERIES = 1 << 0, /* only queries to services that answer at once, such as DNS */
	NAT_SLOT_CLOSING = 1 << 1, /* the host's: a FIN or RST was seen */
};

struct nat_slot_key {
	struct address address; /* public */
	__u16 port;
	__u8 protocol; /* enum nat_protocol */
	__u8 pad;
};
XVNET_ABI_SIZE(nat_slot_key, 20);

struct nat_slot {
	__u64 expires_ns; /* CLOCK_MONOTONIC */
	struct address inside;
	__u32 network; /* or NAT_SLOT_HOST */
	__u32 ifindex; /* of the port; it and the MAC are those that the last frame came from */
	__u8 mac[6];
	__u16 port;	   /* inside */
	__u32 established; /* TCP sessions */
	__u32 created_s;   /* CLOCK_MONOTONIC */
	__u64 bytes_out;   /* of IP packets */
	__u64 bytes_in;
	__u32 unanswered; /* queries, while NAT_SLOT_QUERIES */
	__u32 checked; /* when the host was last asked for a socket with the port: CLOCK_MONOTONIC in units of 2^30 ns */
	__u16 generation; /* of the owner; a session of a former owner has another one */
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
	__u16 range;		/* of nat_networks.h, whose address it has; or NAT_RANGE_FORWARD */
	__u16 port;		/* public */
	struct address address; /* public, of a forward */
};
XVNET_ABI_SIZE(nat_mapping, 20);
XVNET_ABI_END
