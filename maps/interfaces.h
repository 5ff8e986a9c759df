/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interfaces: the role of each ifindex in xvnet.
 *
 * This is the first lookup for every frame, and a check before every transmission. A frame leaves only through an
 * interface whose entry names the frame's own network. So a stale FDB or member entry can lose a frame, but never leak
 * one.
 *
 * The loader adds an entry once all programs of the interface are pinned, and removes it while the port is down.
 * Without an entry a port drops all frames, and an uplink passes all frames to the host.
 */
#pragma once

#include "abi.h"

XVNET_ABI_BEGIN
enum interface_kind {
	INTERFACE_PORT = 1,
	INTERFACE_UPLINK = 2,
	INTERFACE_LOOPBACK = 3, /* lo: what the host sends to its own addresses may match a forward */
};

enum interface_flags {
	INTERFACE_XDP_TARGET = 1 << 0,	       /* XDP may redirect to it */
	INTERFACE_CHECKSUMS_COMPLETE = 1 << 1, /* it never sends a partial checksum */
	INTERFACE_NAT = 1 << 2,		       /* an uplink that receives frames for public addresses */
	INTERFACE_LOCAL_ACCEPTED =
		1 << 3, /* lo: xvnet turned net.ipv4.conf.lo.accept_local on, and turns it off again */
	INTERFACE_XDP_ON_SK_BUFFS = 1 << 4, /* a TAP: its driver runs XDP on some frames that already are sk_buffs */
	INTERFACE_TO_HOST = 1 << 5,	    /* the port whose other end is the host's interface: see routes.h */
};

#define LOOPBACK_IFINDEX 1 /* the same in every network namespace */

struct interface {
	__u32 network; /* network id; 0 for an uplink, where the tag selects the network (vlans.h) */
	__u16 kind;    /* enum interface_kind */
	__u16 flags;   /* enum interface_flags */
};
XVNET_ABI_SIZE(interface, 8);
XVNET_ABI_END
