/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the stages know about one frame. Each group of fields names the functions that set it. A stage leaves its
 * results here, and later stages read them.
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

#define AF_INET 2 /* sys/socket.h needs a C library for the target */

#define VLAN_VID_MASK	   0x0fff /* VID of a TCI: IEEE 802.1Q-2022, 9.6 */
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
	DESTINATION_UNKNOWN, /* flood: broadcast, multicast, not in the FDB, or aged */
	DESTINATION_PORT,
	DESTINATION_UPLINK,
	DESTINATION_HOST, /* untagged networks only: the uplink's receive path */
};

/* verifier: keep it small, because Linux 6.1 allows 512 bytes of stack for a chain of calls. */
struct packet {
	/* hook_open_packet, and the entry program */
	hook_ctx *ctx;
	__u32 ifindex;	/* interface that the program runs on */
	bool from_host; /* the host sent the frame */

	/* parse */
	bool tag_in_frame; /* the outer tag is in the bytes and not in the skb's metadata */
	__be16 ethertype;  /* EtherType after the outer tag */
	__be16 tag_type;   /* EtherType of the outer tag; 0: untagged */
	__u16 tci;	   /* TCI of the outer tag */
	__u8 destination_mac[ETH_ALEN];
	__u8 source_mac[ETH_ALEN];
	__u32 length; /* bytes without the outer tag; that of the reply while an answer is sent */

	/* enter_network: for enter_port, enter_by_tag, enter_from_host, route_between and the NAT */
	__u32 network; /* network id */
	struct network *segment;

	/* learn_source, enter_from_host */
	__u64 now_ns; /* CLOCK_MONOTONIC_COARSE, read once for each frame */

	/* enter_port, enter_uplink */
	bool checksums_complete;   /* INTERFACE_CHECKSUMS_COMPLETE */
	bool may_be_sk_buff;	   /* under XDP: INTERFACE_XDP_ON_SK_BUFFS */
	bool has_public_addresses; /* enter_uplink: INTERFACE_NAT */
	bool is_routed;		   /* enter_uplink: the frame has ROUTED_FRAME_MARK */

	__u8 popped_tags; /* take_off_priority: 1 if it removed the priority tag with this tci */
	bool unlearned;	  /* learn_source: there was no free slot */

	/* find_destination, check_target, answer_arp; target also: NAT and router */
	__u8 destination;   /* enum destination */
	__u32 target;	    /* ifindex */
	__u16 target_flags; /* enum interface_flags */

	/* tell_sender, tell_remote, ask_receiver, take_fragment */
	__u32 refused; /* enum reason: the reason to count for a frame that was answered or kept */

	/* the stages that send, answer or keep a frame */
	int verdict; /* what the hook returns for a carried frame */
};
