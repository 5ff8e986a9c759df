/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the stages know about one frame. Each field names the stage that sets it; stages read the packet, never
 * each other.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../maps/continuations.h"
#include "../maps/reasons.h"
#include "../maps/tables.h"

#define AF_INET 2 /* not by sys/socket.h, which is a C library's */

#define VLAN_VID_MASK	   0x0fff /* IEEE 802.1Q-2022, 9.6: the VID of a TCI */
#define VLAN_PRIORITY_MASK 0xf000 /* PCP and DEI */

struct vlan_header {
	__be16 tci;
	__be16 ethertype;
};

enum hook_clone_result {
	HOOK_CLONE_SENT,
	HOOK_CLONE_NO_CARRIER,
	HOOK_CLONE_FAILED,
};

enum destination {
	DESTINATION_UNKNOWN, /* flood: broadcast, multicast, or not in the FDB */
	DESTINATION_PORT,
	DESTINATION_UPLINK,
	DESTINATION_HOST, /* of an untagged network, through its uplink's receive path */
};

/* verifier: sorted by size, since Linux 6.1 has 512 bytes of stack for a chain of calls. */
struct packet {
	hook_ctx *ctx;	/* open_packet */
	__u32 ifindex;	/* open_packet: the interface the program runs on */
	bool from_host; /* the entry program */

	/* parse */
	bool tag_in_frame; /* and not beside it */
	__be16 ethertype;  /* after the outer tag */
	__be16 tag_type;   /* 0 without an outer tag */
	__u16 tci;	   /* of the outer tag */
	__u8 destination_mac[ETH_ALEN];
	__u8 source_mac[ETH_ALEN];
	__u32 length; /* bytes without the outer tag */

	/* enter_port, enter_uplink, enter_from_host */
	__u32 network;
	struct network *segment;
	__u64 now_ns; /* learn_source, enter_from_host: CLOCK_MONOTONIC_COARSE, read once a frame */
	bool checksums_complete;
	bool may_be_sk_buff;	   /* under XDP: INTERFACE_XDP_ON_SK_BUFFS */
	bool has_public_addresses; /* an uplink where NAT's replies come in */
	bool is_routed;		   /* xvnet's own, on its way out of an uplink that VMs are beside */

	__u8 popped_tags; /* take_off_priority: 1 when the tag that tci is of has been taken off */
	bool unlearned;	  /* learn_source */

	/* find_destination, check_target */
	__u8 destination;   /* enum destination */
	__u32 target;	    /* ifindex */
	__u16 target_flags; /* enum interface_flags */

	/* tell_sender */
	__u32 refused; /* enum reason: what became of the frame that is answered by an ICMP error */

	/* the emit stages */
	int verdict; /* what the hook returns for a carried frame */
};
