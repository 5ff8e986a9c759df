/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * find_next_hop: the next hop out of the host, by the host's routing and neighbour tables. It must be behind an uplink.
 *
 * reads    ifindex, network_id
 * sets     target
 * reasons  NO_ROUTE, NO_DEVICE, NEIGHBOURS_EXHAUSTED, FRAGMENTATION_NEEDED
 * lookups  devices, nat_networks
 */
#pragma once

#include "../lib/interface.h"
#include "../switch/fdb_lookup.h"
#include "mapping.h"

/* The result of the FIB lookup. */
struct next_hop {
	__u32 uplink;
	struct bpf_redir_neigh neighbour;
	__u16 mtu; /* MTU of the route if the frame is larger, else 0 */
};

/*
 * The length to which the MTU applies: that of the packet, or of each segment. For UDP the kernel's segment size
 * includes the UDP header or not, and a program cannot see which. So a UDP segment may be 8 bytes longer than this.
 */
static __always_inline __u16 fib_length(struct packet *packet, const struct flow *flow)
{
	__u32 payload = hook_segment_payload(packet);
	__u16 whole = bpf_ntohs(flow->ip.tot_len);
	__u8 words = 0;

	if (!payload)
		return whole;
	if (flow->protocol == NAT_TCP &&
	    hook_read(packet, transport_offset(packet, flow) + TCP_LENGTH_OFFSET, &words, sizeof(words)))
		payload += (words >> 4) * 4;
	payload += flow->header;
	return payload < whole ? payload : whole;
}

static __noinline long fib_lookup(struct packet *packet, const struct translation *translation,
				  struct next_hop *next_hop)
{
	const struct flow *flow = &translation->flow;
	struct bpf_fib_lookup route = {
		.family = AF_INET,
		.l4_protocol = flow->ip.protocol,
		.sport = bpf_htons(flow->source),
		.dport = bpf_htons(flow->destination),
		.tot_len = fib_length(packet, flow),
		.ifindex = packet->ifindex,
		.tos = flow->ip.tos,
		.ipv4_src = ipv4_of(&translation->outside.address),
		.ipv4_dst = flow->ip.daddr,
	};
	long result = bpf_fib_lookup(packet->ctx, &route, sizeof(route), 0);

	next_hop->uplink = route.ifindex;
	/* RFC 8950: the next hop of an IPv4 route may be an IPv6 address. The kernel returns its family. */
	next_hop->neighbour.nh_family = route.family;
	__builtin_memcpy(next_hop->neighbour.ipv6_nh, route.ipv6_dst, sizeof(route.ipv6_dst));
	next_hop->mtu = result == BPF_FIB_LKUP_RET_FRAG_NEEDED ? route.mtu_result : 0;
	return result;
}

/* The next hop must be behind an uplink. On another device no program would translate the replies. */
static __always_inline enum reason check_route_uplink(struct packet *packet, __u32 ifindex)
{
	packet->target = ifindex;
	if (find_interface(ifindex).kind != INTERFACE_UPLINK)
		return REASON_NO_ROUTE;
	return bpf_map_lookup_elem(&devices, &ifindex) ? check_size(packet, ifindex) : REASON_NO_DEVICE;
}

/*
 * Whether the network may have the kernel resolve one more neighbour: maps/nat_networks.h.
 *
 * verifier: a global function is verified once, and not again for each path that leads to it.
 */
__noinline int may_resolve(__u32 network_id, __be32 address, __u32 now_s)
{
	struct nat_network *rules = bpf_map_lookup_elem(&nat_networks, &network_id);
	__u64 fresh = (__u64)address << 32 | now_s;
	__u64 entry;

	if (!rules)
		return 0;
	for (__u32 i = 0; i < MAX_NAT_ASKED; i++)
		if (rules->asked[i] >> 32 == address) {
			rules->asked[i] = fresh;
			return 1;
		}
	for (__u32 i = 0; i < MAX_NAT_ASKED; i++) {
		entry = rules->asked[i];
		if ((__u32)entry + NAT_ASKED_S < now_s &&
		    __sync_val_compare_and_swap(&rules->asked[i], entry, fresh) == entry)
			return 1;
	}
	return 0;
}

/*
 * Only hosts on the uplink's own subnets count, because a VM can name any number of them. The operator's routes name
 * few gateways.
 */
static __always_inline enum reason check_neighbour(struct packet *packet, const struct translation *translation,
						   const struct next_hop *next_hop)
{
	__be32 address = next_hop->neighbour.ipv4_nh;

	if (next_hop->neighbour.nh_family != AF_INET || address != translation->flow.ip.daddr)
		return REASON_CONTINUE;
	return may_resolve(packet->network_id, address, translation->now / NAT_SECOND) ? REASON_CONTINUE
										       : REASON_NEIGHBOURS_EXHAUSTED;
}

static __always_inline enum reason find_next_hop(struct packet *packet, const struct translation *translation,
						 struct next_hop *next_hop)
{
	switch (fib_lookup(packet, translation, next_hop)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		return check_route_uplink(packet, next_hop->uplink);
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		return check_route_uplink(packet, next_hop->uplink) ?: check_neighbour(packet, translation, next_hop);
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return REASON_FRAGMENTATION_NEEDED;
	default:
		return REASON_NO_ROUTE;
	}
}
