/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the stages know about one frame. A stage leaves its results here, and later stages read them. The comment of
 * each group of fields names the files that set it; .ci/stage_headers.py checks that.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../maps/tail_calls.h"
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
	/* hook/tc.h, hook/xdp.h */
	hook_ctx *ctx;
	__u32 ifindex; /* interface that the program runs on */

	/* hook/tc.h */
	bool from_host; /* the host sent the frame */

	/*
	 * switch/parse.h; hook/tc.h if the tag is in the skb's metadata; switch/emit.h and tail_calls.h when they remove
	 * the tag
	 */
	bool tag_in_frame; /* the outer tag is in the bytes and not in the skb's metadata */
	__be16 tag_type;   /* EtherType of the outer tag; 0: untagged */
	__u16 tci;	   /* TCI of the outer tag */

	/* switch/parse.h */
	__be16 ethertype; /* EtherType after the outer tag */
	__u8 destination_mac[ETH_ALEN];
	__u8 source_mac[ETH_ALEN];

	/*
	 * switch/parse.h; while a reply is sent, its length: gateway/dhcp.h, gateway/icmp_error.h, gateway/neighbour.h,
	 * nat/remote_error.h
	 */
	__u32 length; /* bytes without the outer tag */

	/* switch/classify.h; gateway/router.h and nat/out.h go back to the sender's network for an ICMP error */
	__u32 network_id; /* network id */
	struct network *network;

	/* switch/fdb_learn.h; switch/classify.h if the host sent the frame */
	__u64 now_ns; /* CLOCK_MONOTONIC_COARSE, read once for each frame */

	/* switch/classify.h */
	__u16 source_flags; /* enum interface_flags of the interface that the program runs on */

	/* switch/fdb_learn.h */
	bool unlearned; /* there was no free slot for the source MAC */

	/* switch/mark.h */
	bool is_routed; /* the frame has ROUTED_FRAME_MARK */

	/* tail_calls.h */
	__u8 popped_tags; /* 1 if a priority tag with this tci was removed */

	/* switch/fdb_lookup.h; gateway/arp.h for an ARP request to one port; nat/fib.h, gateway/neighbour.h */
	__u8 destination;   /* enum destination */
	__u16 target_flags; /* enum interface_flags */
	__u32 target;	    /* ifindex */

	/* gateway/icmp_error.h, gateway/neighbour.h, nat/in.h, nat/remote_error.h */
	__u32 refused; /* enum reason: the reason to count for a frame that was answered or kept */

	/* the operations of hook/tc.h and hook/xdp.h that send; switch/flood.h, gateway/arp.h, nat/in.h, nat/fragment.h */
	int verdict; /* what the hook returns for a carried frame */
};

/*
 * The host is a member of untagged networks only, and only through their uplink. For a network without an uplink the
 * result has no meaning.
 */
static __always_inline bool host_is_member(const struct packet *packet)
{
	return !packet->network->vid;
}
