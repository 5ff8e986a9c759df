/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The pipeline's operations on an XDP frame. Only this file and hook/tc.h name a hook's types and verdicts.
 *
 * XDP cannot copy a frame, and loses what an sk_buff stores beside the bytes. Stages that need either are not compiled
 * for XDP, and this file lacks their operations.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

typedef struct xdp_md hook_ctx;

#include "../packet.h"
#include "context.h"
#include "kernel.h"

/* Stages of the pipeline that only one hook has: an argument for the other hook is not compiled. */
#define TC_ONLY(stage)	REASON_CONTINUE
#define XDP_ONLY(stage) stage

/* XDP cannot distinguish a frame that is too long from a TSO frame. */
static const enum reason hook_when_too_big = REASON_PASS_TO_TC;

static __always_inline struct packet hook_open_packet(hook_ctx *xdp)
{
	return (struct packet){.ctx = xdp, .ifindex = xdp->ingress_ifindex};
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
	void *bytes = hook_data(packet) + offset;

	return bytes + size > hook_data_end(packet) ? NULL : bytes;
}

/* The length of all buffers of the frame, not only of the first one. */
static __always_inline __u32 hook_length(struct packet *packet)
{
	return bpf_xdp_get_buff_len(packet->ctx);
}

static __always_inline bool hook_is_linear(struct packet *packet)
{
	return hook_length(packet) == (__u64)(hook_data_end(packet) - hook_data(packet));
}

/* Whether `rxq` belongs to the kernel's own queues, where it is the first member of each queue, or to the driver's. */
static __always_inline bool is_kernels_queue(const void *rxq, const void *queues, __u32 index)
{
	return (__u64)rxq - (__u64)queues == (__u64)index * bpf_core_type_size(struct netdev_rx_queue);
}

static __noinline bool probe_kernels_queue(struct packet *packet)
{
	const struct xdp_buff *xdp = (void *)packet->ctx;
	const struct xdp_rxq_info *rxq = BPF_CORE_READ(xdp, rxq);

	return is_kernels_queue(rxq, BPF_CORE_READ(rxq, dev, _rx), BPF_CORE_READ(rxq, queue_index));
}

/*
 * Whether the frame already is an sk_buff (generic XDP), which keeps its offloads on a redirect. A TAP's driver runs
 * XDP before it builds the sk_buff for some frames, and after it for others. In the second case the queue is the
 * kernel's.
 */
static __always_inline bool hook_is_sk_buff(struct packet *packet)
{
	struct xdp_buff *xdp;

	/* Only a driver's frame may lack room for metadata, as on a TAP before Linux 6.15. */
	if (CONTEXT_POINTER(packet->ctx, data_meta) > hook_data(packet))
		return false;
	if (!kernel_shows_context())
		return probe_kernels_queue(packet);
	xdp = bpf_cast_to_kern_ctx(packet->ctx);
	return is_kernels_queue(xdp->rxq, xdp->rxq->dev->_rx, xdp->rxq->queue_index);
}

static __always_inline bool hook_pop_tag(struct packet *packet)
{
	void *data = hook_data(packet);

	if (data + sizeof(struct ethhdr) + sizeof(struct vlan_header) > hook_data_end(packet))
		return false;
	__builtin_memmove(data + sizeof(struct vlan_header), data, 2 * ETH_ALEN);
	return bpf_xdp_adjust_head(packet->ctx, sizeof(struct vlan_header)) == 0;
}

static __always_inline bool hook_push_tag(struct packet *packet, __u16 tci)
{
	if (bpf_xdp_adjust_head(packet->ctx, -(int)sizeof(struct vlan_header)))
		return false;

	void *data = hook_data(packet);
	struct ethhdr *eth = data;
	struct vlan_header *vlan = data + sizeof(*eth);

	if ((void *)(vlan + 1) > hook_data_end(packet))
		return false;
	__builtin_memmove(data, data + sizeof(*vlan), 2 * ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_8021Q);
	vlan->tci = bpf_htons(tci);
	return true;
}

static __always_inline long hook_check_mtu(struct packet *packet, __u32 target, __u32 length)
{
	__u32 payload = length - ETH_HLEN;

	return bpf_check_mtu(packet->ctx, target, &payload, 0, 0);
}

static __always_inline bool hook_redirect(struct packet *packet, __u32 target)
{
	packet->verdict = bpf_redirect_map(&devices, target, 0);
	return packet->verdict == XDP_REDIRECT;
}

/* The redirect bypasses the tc program on the uplink's egress, so the frame needs no mark. */
static __always_inline bool hook_redirect_to_uplink(struct packet *packet, __u32 uplink)
{
	return hook_redirect(packet, uplink);
}

static __always_inline int hook_pass(void)
{
	return XDP_PASS;
}

static __always_inline int hook_drop(void)
{
	return XDP_DROP;
}
