/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat_sessions: the remotes to which each mapping has sent, and the state of TCP connections. The filter looks here for
 * the remotes that may send to the mapping.
 *
 * The hash of a session selects two buckets of its network; the session is in one of them. The loader creates a
 * network's buckets and removes them with the network. Programs claim elements of a bucket as they claim slots
 * (nat_mappings.h), with a compare-and-swap on `expires_ns`. So a network has a fixed number of sessions, and cannot
 * exhaust those of another network.
 */
#pragma once

#include "address.h"

#define NAT_BUCKET_SIZE 8

XVNET_ABI_BEGIN
enum nat_session_flags {
	NAT_SYN_OUT = 1 << 0, /* SYN seen from the inside */
	NAT_SYN_IN = 1 << 1,
	NAT_FIN_OUT = 1 << 2,
	NAT_FIN_IN = 1 << 3,
	NAT_RST = 1 << 4,
	NAT_ESTABLISHED = 1 << 5, /* established, and counted in nat_slot.established */
};

struct nat_bucket_key {
	__u32 network;
	__u32 bucket;
};
XVNET_ABI_SIZE(nat_bucket_key, 8);

struct nat_session {
	__u64 expires_ns; /* CLOCK_MONOTONIC, or a special value as in nat_slot */
	struct address remote;
	__u16 remote_port; /* TCP: port of the connection; UDP: port last sent to */
	__u16 port;	   /* public port */
	__u8 protocol;	   /* enum nat_protocol */
	__u8 range;	   /* index in nat_network.ranges */
	__u16 generation;  /* generation of the slot */
	__u32 flags;	   /* enum nat_session_flags */
	__u32 pad2;
};
XVNET_ABI_SIZE(nat_session, 40);

struct nat_bucket {
	struct nat_session sessions[NAT_BUCKET_SIZE];
};
XVNET_ABI_SIZE(nat_bucket, 40 * NAT_BUCKET_SIZE);
XVNET_ABI_END
