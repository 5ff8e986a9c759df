/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The way out of the host, as its own routes and neighbours say. It has to end at an uplink.
 *
 * reads    ifindex, length
 * returns  NO_ROUTE, FRAGMENTATION_NEEDED, NO_DEVICE, TOO_BIG
 * lookups  the host's routes; those of find_interface, devices
 */
#pragma once

#include "find.h"
#include "mapping.h"

/* Where the frame goes, as the host's routes say. */
struct way {
	__u32 uplink;
	__be32 next_hop;
	__u16 mtu; /* when the frame is larger, else 0 */
	bool is_resolved;
	__u8 to[ETH_ALEN];
	__u8 from[ETH_ALEN];
};

static __noinline long look_up_way(struct packet *packet, const struct translation *translation, struct way *way)
{
	const struct flow *flow = &translation->flow;
	struct bpf_fib_lookup route = {
		.family = AF_INET,
		.l4_protocol = flow->ip.protocol,
		.sport = bpf_htons(flow->source),
		.dport = bpf_htons(flow->destination),
		.tot_len = hook_is_segmented_later(packet) ? 0 : bpf_ntohs(flow->ip.tot_len),
		.ifindex = packet->ifindex,
		.tos = flow->ip.tos,
		.ipv4_src = ipv4_of(&translation->outside.address),
		.ipv4_dst = flow->ip.daddr,
	};
	long result = bpf_fib_lookup(packet->ctx, &route, sizeof(route), 0);

	way->uplink = route.ifindex;
	way->next_hop = route.ipv4_dst;
	way->mtu = result == BPF_FIB_LKUP_RET_FRAG_NEEDED ? route.mtu_result : 0;
	way->is_resolved = result == BPF_FIB_LKUP_RET_SUCCESS;
	__builtin_memcpy(way->to, route.dmac, ETH_ALEN);
	__builtin_memcpy(way->from, route.smac, ETH_ALEN);
	return result;
}

/* Beyond a device that is no uplink of ours nobody would translate the answers. */
static __always_inline enum reason check_uplink(struct packet *packet, __u32 ifindex)
{
	if (find_interface(ifindex).kind != INTERFACE_UPLINK)
		return REASON_NO_ROUTE;
	return bpf_map_lookup_elem(&devices, &ifindex) ? check_size(packet, ifindex) : REASON_NO_DEVICE;
}

static __always_inline enum reason find_way(struct packet *packet, const struct translation *translation,
					    struct way *way)
{
	switch (look_up_way(packet, translation, way)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		return check_uplink(packet, way->uplink);
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return REASON_FRAGMENTATION_NEEDED;
	default:
		return REASON_NO_ROUTE;
	}
}
