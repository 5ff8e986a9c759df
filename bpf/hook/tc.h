/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The pipeline's operations on an sk_buff. Only this file and hook/xdp.h name a hook's types and verdicts.
 *
 * The kernel moves the outer VLAN tag into the skb's metadata before tc ingress, so the tag is rarely in the bytes
 * here.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

typedef struct __sk_buff hook_ctx;

#include "../packet.h"
#include "context.h"
#include "kernel.h"

/* Stages of the pipeline that only one hook has: an argument for the other hook is not compiled. */
#define HOOK_TC
#define TC_ONLY(stage)	stage
#define XDP_ONLY(stage) REASON_CONTINUE

/* The MTU check knows the segments of a TSO frame. */
static const enum reason hook_when_too_big = REASON_TOO_BIG;

/*
 * The mark of a frame that xvnet itself sends into an uplink, in either direction. The programs on the uplink let it
 * pass. Neither a VM nor the wire can set the mark, and the kernel clears it when a frame enters from another network
 * namespace.
 */
#define OWN_FRAME_MARK 0x78766e74 /* "xvnt" */

enum origin {
	ORIGIN_RECEIVED, /* by the interface that the program runs on */
	ORIGIN_HOST,	 /* sent by the host */
};

/* The tag is read from the skb's metadata. A tag in the bytes is then the second one. */
static __always_inline struct packet hook_open_packet(hook_ctx *skb, enum origin origin)
{
	struct packet packet = {.ctx = skb, .ifindex = skb->ifindex, .from_host = origin == ORIGIN_HOST};

	if (skb->vlan_present) {
		packet.tag_type = skb->vlan_proto;
		packet.tci = skb->vlan_tci;
	}
	return packet;
}

static __always_inline void *hook_data(struct packet *packet)
{
	return CONTEXT_POINTER(packet->ctx, data);
}

static __always_inline void *hook_data_end(struct packet *packet)
{
	return CONTEXT_POINTER(packet->ctx, data_end);
}

static __always_inline void *hook_bytes(struct packet *packet, __u32 offset, __u32 size)
{
	hook_ctx *skb = packet->ctx;
	void *bytes = hook_data(packet) + offset;

	if (bytes + size > hook_data_end(packet)) {
		if (bpf_skb_pull_data(skb, offset + size))
			return NULL;
		bytes = hook_data(packet) + offset;
		if (bytes + size > hook_data_end(packet))
			return NULL;
	}
	return bytes;
}

static __always_inline __u32 hook_length(struct packet *packet)
{
	return packet->ctx->len;
}

/*
 * False if the device was moved to another network namespace together with its programs. Ifindexes name other devices
 * there. Before Linux 6.6 the kernel removes tc programs from a device that moves.
 */
static __always_inline bool hook_is_at_home(struct packet *packet)
{
	__u32 key = 0;
	struct meta *instance;
	struct sk_buff *skb;

	if (!kernel_shows_context())
		return true;
	instance = bpf_map_lookup_elem(&meta, &key);
	if (!instance)
		return true;
	skb = bpf_cast_to_kern_ctx(packet->ctx);
	return skb->dev->nd_net.net->ns.inum == instance->netns_inode || !instance->netns_inode;
}

static __always_inline bool hook_pop_tag(struct packet *packet)
{
	return bpf_skb_vlan_pop(packet->ctx) == 0;
}

static __always_inline bool hook_push_tag(struct packet *packet, __u16 tci)
{
	return bpf_skb_vlan_push(packet->ctx, bpf_htons(ETH_P_8021Q), tci) == 0;
}

/* Whether a frame of `length` bytes fits the target's MTU; for a TSO frame, whether each segment fits. */
static __always_inline long hook_check_mtu(struct packet *packet, __u32 target, __u32 length)
{
	bool is_segmented = packet->ctx->gso_size;
	__u32 payload = is_segmented ? 0 : length - ETH_HLEN;

	return bpf_check_mtu(packet->ctx, target, &payload, 0, is_segmented ? BPF_MTU_CHK_SEGS : 0);
}

/* The target's MTU in bytes of layer-3 payload; 0 if the device does not exist. */
static __always_inline __u16 hook_mtu_of(struct packet *packet, __u32 target)
{
	__u32 mtu = 1;

	return bpf_check_mtu(packet->ctx, target, &mtu, 0, 0) < 0 ? 0 : mtu;
}

/*
 * The mark of a frame that xvnet routes out of an uplink to a neighbour there. The program on the uplink's egress may
 * deliver it to a VM of the uplink's untagged network. It does not look for a forward, because the host did not send
 * the frame.
 */
#define ROUTED_FRAME_MARK 0x78766e72 /* "xvnr" */

static __always_inline void hook_mark_routed(struct packet *packet)
{
	packet->ctx->mark = ROUTED_FRAME_MARK;
}

static __always_inline bool hook_is_routed_frame(struct packet *packet)
{
	return packet->ctx->mark == ROUTED_FRAME_MARK;
}

static __always_inline void hook_mark_own(struct packet *packet)
{
	packet->ctx->mark = OWN_FRAME_MARK;
}

static __always_inline bool hook_is_own_frame(struct packet *packet)
{
	return packet->ctx->mark == OWN_FRAME_MARK;
}

static __always_inline void hook_clear_mark(struct packet *packet)
{
	packet->ctx->mark = 0;
}

static __always_inline bool hook_redirect(struct packet *packet, __u32 target)
{
	packet->verdict = bpf_redirect(target, 0);
	return packet->verdict == TC_ACT_REDIRECT;
}

/* The program on the uplink's egress lets the frame pass. */
static __always_inline bool hook_redirect_to_uplink(struct packet *packet, __u32 uplink)
{
	hook_mark_own(packet);
	return hook_redirect(packet, uplink);
}

static __always_inline bool hook_redirect_to_host(struct packet *packet, __u32 uplink)
{
	/* No program on lo would clear the mark. */
	if (uplink != LOOPBACK_IFINDEX)
		hook_mark_own(packet);
	packet->verdict = bpf_redirect(uplink, BPF_F_INGRESS);
	return packet->verdict == TC_ACT_REDIRECT;
}

/*
 * Sends a copy to the target. A device that is down or has no carrier has the kernel's noop queue, which returns
 * NET_XMIT_CN. For bpf_redirect() the kernel reports no such result.
 */
static __always_inline enum hook_clone_result hook_clone(struct packet *packet, __u32 target)
{
	const long congestion = 2; /* NET_XMIT_CN of linux/netdevice.h */
	long result = bpf_clone_redirect(packet->ctx, target, 0);

	if (!result)
		return HOOK_CLONE_SENT;
	return result == congestion ? HOOK_CLONE_NO_CARRIER : HOOK_CLONE_FAILED;
}

static __always_inline bool hook_clone_to_host(struct packet *packet, __u32 uplink)
{
	hook_mark_own(packet);
	return bpf_clone_redirect(packet->ctx, uplink, BPF_F_INGRESS) == 0;
}

static __always_inline bool hook_write(struct packet *packet, __u32 offset, const void *bytes, __u32 size)
{
	return bpf_skb_store_bytes(packet->ctx, offset, bytes, size, 0) == 0;
}

static __always_inline bool hook_read(struct packet *packet, __u32 offset, void *bytes, __u32 size)
{
	return bpf_skb_load_bytes(packet->ctx, offset, bytes, size) == 0;
}

/* Changes the length of the frame, and removes its segmentation offload. */
static __always_inline bool hook_resize(struct packet *packet, __u32 length)
{
	return bpf_skb_change_tail(packet->ctx, length, 0) == 0;
}

/*
 * Updates the checksum at `offset` for a word that it covers. A partial checksum does not change, because the kernel
 * sums it later. With `zero_is_none`, as in UDP, a field of zero means "no checksum" and does not change.
 */
static __always_inline bool hook_update_checksum(struct packet *packet, __u32 offset, __be16 from, __be16 to,
						 bool zero_is_none)
{
	__u64 flags = zero_is_none ? BPF_F_MARK_MANGLED_0 : 0;

	return bpf_l4_csum_replace(packet->ctx, offset, from, to, flags | sizeof(from)) == 0;
}

/*
 * Updates the checksum at `offset` for an address in the pseudo-header. A partial checksum includes the pseudo-header,
 * so it changes as well.
 */
static __always_inline bool hook_update_pseudo_checksum(struct packet *packet, __u32 offset, __be32 from, __be32 to,
							bool zero_is_none)
{
	__u64 flags = BPF_F_PSEUDO_HDR | (zero_is_none ? BPF_F_MARK_MANGLED_0 : 0);

	return bpf_l4_csum_replace(packet->ctx, offset, from, to, flags | sizeof(from)) == 0;
}

/* Whether the frame's destination MAC is the interface's own. */
static __always_inline bool hook_is_to_us(struct packet *packet)
{
	return packet->ctx->pkt_type == PACKET_HOST;
}

/* Bytes of transport payload in each segment of a TSO frame; 0 if the frame is not segmented. */
static __always_inline __u32 hook_segment_payload(struct packet *packet)
{
	return packet->ctx->gso_size;
}

/* An upper bound of the number of segments: the headers are counted as payload. */
static __always_inline __u32 hook_segments(struct packet *packet)
{
	__u32 size = packet->ctx->gso_size;

	return size ? (packet->ctx->len + size - 1) / size : 1;
}

/*
 * Sends the frame like the host's own frames: the kernel writes the MACs and confirms the neighbour from time to time.
 * It resolves an unknown MAC and queues the frame meanwhile.
 */
static __always_inline bool hook_redirect_to_neighbour(struct packet *packet, __u32 target,
						       struct bpf_redir_neigh *next_hop)
{
	packet->verdict = bpf_redirect_neigh(target, next_hop, sizeof(*next_hop), 0);
	return packet->verdict == TC_ACT_REDIRECT;
}

/* Whether a socket of the host uses the local address and port, at least for this remote. */
static __always_inline bool hook_host_has_socket(struct packet *packet, const struct bpf_sock_tuple *tuple, bool is_tcp)
{
	struct bpf_sock *socket =
		is_tcp ? bpf_skc_lookup_tcp(packet->ctx, (void *)tuple, sizeof(tuple->ipv4), BPF_F_CURRENT_NETNS, 0)
		       : bpf_sk_lookup_udp(packet->ctx, (void *)tuple, sizeof(tuple->ipv4), BPF_F_CURRENT_NETNS, 0);

	if (!socket)
		return false;
	bpf_sk_release(socket);
	return true;
}

/*
 * Whether the checksum at `offset` is partial. The kernel leaves a partial checksum unchanged when a covered word
 * changes. This test destroys a complete checksum, so the caller must write a new one.
 */
static __always_inline bool hook_checksum_is_partial(struct packet *packet, __u32 offset)
{
	__be16 before = 0, after = 0;

	return hook_read(packet, offset, &before, sizeof(before)) &&
	       hook_update_checksum(packet, offset, 0, bpf_htons(1), false) &&
	       hook_read(packet, offset, &after, sizeof(after)) && before == after;
}

static __always_inline bool hook_has_partial_checksum(struct packet *packet)
{
	const struct sk_buff *skb = (void *)packet->ctx;

	if (kernel_shows_context()) {
		skb = bpf_cast_to_kern_ctx(packet->ctx);
		return BPF_CORE_READ_BITFIELD(skb, ip_summed) == CHECKSUM_PARTIAL;
	}
	return BPF_CORE_READ_BITFIELD_PROBED(skb, ip_summed) == CHECKSUM_PARTIAL;
}

/* The frame must have a partial checksum. The MAC header is the first byte of the frame. */
static __always_inline struct partial_checksum hook_partial_checksum(struct packet *packet)
{
	const struct sk_buff *skb = (void *)packet->ctx;
	__u32 csum = 0;
	__u16 mac = 0;

	if (kernel_shows_context()) {
		skb = bpf_cast_to_kern_ctx(packet->ctx);
		csum = skb->csum;
		mac = skb->mac_header;
	} else {
		bpf_core_read(&csum, sizeof(csum), &skb->csum);
		bpf_core_read(&mac, sizeof(mac), &skb->mac_header);
	}
	return (struct partial_checksum){.start = CSUM_START(csum) - mac, .offset = CSUM_OFFSET(csum)};
}

/* Tail call. It returns only if the program is not loaded. */
static __always_inline void hook_tail_call(struct packet *packet, enum tail_call number)
{
	bpf_tail_call(packet->ctx, &TAIL_CALL_MAP, number);
}

/* TC_ACT_UNSPEC lets other programs on this hook see the frames that pass to the host. */
static __always_inline int hook_pass(void)
{
	return TC_ACT_UNSPEC;
}

static __always_inline int hook_drop(void)
{
	return TC_ACT_SHOT;
}
