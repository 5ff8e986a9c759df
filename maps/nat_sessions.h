/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat_sessions: to whom a mapping has spoken: who may answer, and how far a TCP connection is.
 *
 * A session is in one of two buckets of its network, by a hash of what tells it from others. The loader makes a network's
 * buckets and removes them with it; programs take places in them as they take slots (nat_mappings.h), by compare-and-swap
 * on `expires_ns`. So a network has as many sessions as it has places, and no other feels it.
 */
#pragma once

#include "address.h"

#define NAT_BUCKET_SIZE 8

XVNET_ABI_BEGIN
enum nat_session_flags {
	NAT_SYN_OUT = 1 << 0, /* seen, from inside */
	NAT_SYN_IN = 1 << 1,
	NAT_FIN_OUT = 1 << 2,
	NAT_FIN_IN = 1 << 3,
	NAT_RST = 1 << 4,
	NAT_ESTABLISHED = 1 << 5, /* and counted in the slot as such */
};

struct nat_bucket_key {
	__u32 network;
	__u32 bucket;
};
XVNET_ABI_SIZE(nat_bucket_key, 8);

struct nat_session {
	__u64 expires_ns; /* CLOCK_MONOTONIC; or as of a slot */
	struct address remote;
	__u16 remote_port; /* TCP: of this session alone; UDP: spoken to last */
	__u16 port;	   /* public */
	__u8 protocol;	   /* enum nat_protocol */
	__u8 range;	   /* of nat_networks.h */
	__u16 generation;  /* of the slot */
	__u32 flags;	   /* enum nat_session_flags */
	__u32 pad2;
};
XVNET_ABI_SIZE(nat_session, 40);

struct nat_bucket {
	struct nat_session sessions[NAT_BUCKET_SIZE];
};
XVNET_ABI_SIZE(nat_bucket, 40 * NAT_BUCKET_SIZE);
XVNET_ABI_END
