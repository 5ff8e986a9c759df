/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interfaces: what an ifindex is to xvnet. The first lookup of every frame, and the check before every
 * transmission: a frame leaves only through an interface whose entry names the frame's own network, so a stale
 * FDB or member entry can lose a frame but never leak one.
 *
 * Written by the loader once every program is pinned, and removed while the port is down. Absent: a port drops,
 * an uplink is the host's.
 */
#pragma once

#include "abi.h"

XVNET_ABI_BEGIN
enum interface_kind {
	INTERFACE_PORT = 1,
	INTERFACE_UPLINK = 2,
	INTERFACE_LOOPBACK = 3, /* lo, where what the host sends to its own addresses may be forwarded */
};

enum interface_flags {
	INTERFACE_XDP_TARGET = 1 << 0,	       /* XDP may redirect into it */
	INTERFACE_CHECKSUMS_COMPLETE = 1 << 1, /* nothing it sends has an unfinished checksum */
	INTERFACE_NAT = 1 << 2,		       /* an uplink where frames for public addresses come in */
	INTERFACE_LOCAL_ACCEPTED = 1 << 3,     /* lo: xvnet turned net.ipv4.conf.lo.accept_local on, and turns it off */
	INTERFACE_XDP_ON_SK_BUFFS = 1 << 4,    /* a TAP: its driver runs XDP on some frames that are sk_buffs already */
	INTERFACE_TO_HOST = 1 << 5,	       /* a port whose other end is the host's interface: routes.h */
};

#define LOOPBACK_IFINDEX 1 /* in every network namespace */

struct interface {
	__u32 network; /* id; 0 for an uplink, whose network depends on the tag (vlans.h) */
	__u16 kind;    /* enum interface_kind */
	__u16 flags;   /* enum interface_flags */
};
XVNET_ABI_SIZE(interface, 8);
XVNET_ABI_END
