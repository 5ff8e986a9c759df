/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * send_icmp_error_to_remote: turns a frame from the wire that cannot reach its VM into the ICMP error about it (RFC
 * 1812, 4.3.2; RFC 5508, 5). The source is the address that the frame was sent to, or the gateway's if nothing is
 * translated. The error goes back to the station that sent the frame. NAT_TOLD_NS limits the rate for each network
 * (maps/nat_networks.h).
 *
 * reads    ifindex, destination_mac, source_mac, length, network_id, target
 * sets     length, refused
 * reasons  FRAGMENTATION_NEEDED
 * lookups  nat_networks
 */
#pragma once

#include "../switch/mark.h"
#include "../gateway/icmp_error.h"
#include "../gateway/source_filter.h"

/*
 * Whether the rate limit of the network allows one more ICMP error.
 *
 * verifier: a global function is verified once, and not again for each path that leads to it.
 */
__noinline int may_send_to_remote(__u32 network_id)
{
	struct nat_network *rules = bpf_map_lookup_elem(&nat_networks, &network_id);
	__u64 now = bpf_ktime_get_coarse_ns();
	__u64 used;

	if (!rules)
		return 0;
	used = rules->told_until_ns > now ? rules->told_until_ns : now;
	if (used - now > NAT_TOLD_BURST * NAT_TOLD_NS)
		return 0;
	rules->told_until_ns = used + NAT_TOLD_NS;
	return 1;
}

/* Whether an ICMP error to this sender is allowed (RFC 1122, 3.2.2). */
static __always_inline bool may_get_icmp_error(const struct flow *flow)
{
	return !flow->is_icmp_error && !is_later_fragment(flow) && is_routable(flow->ip.saddr);
}

/* read_flow() must have accepted the frame, so it has all the bytes that are quoted. */
static __noinline bool write_remote_error(struct packet *packet, const struct flow *flow, __be32 from, __u32 what)
{
	struct {
		__u16 pad; /* aligns the bytes after the Ethernet header */
		struct ethhdr eth;
		struct iphdr ip;
		struct icmp_error icmp;
	} error = {
		.eth.h_proto = bpf_htons(ETH_P_IP),
		.ip = {.version = IPV4_VERSION,
		       .ihl = sizeof(struct iphdr) / 4,
		       .ttl = GATEWAY_TTL,
		       .protocol = IPPROTO_ICMP,
		       .saddr = from,
		       .daddr = flow->ip.saddr},
		.icmp = {.type_and_code = bpf_htons(what >> 16), .mtu = bpf_htons(what)},
	};
	/* verifier: "invalid zero-sized read" (6.1). A mask bounds the size for it; a comparison does not. */
	__u32 quoted = (flow->header & IPV4_HEADER_MASK) + ICMP_QUOTED;
	__u32 length = sizeof(error.eth) + sizeof(error.ip) + ICMP_HEADER_SIZE + quoted;

	if (!hook_read(packet, header_offset(packet), error.icmp.quote, quoted) || !hook_resize(packet, length))
		return false;
	__builtin_memcpy(error.eth.h_dest, packet->source_mac, ETH_ALEN);
	__builtin_memcpy(error.eth.h_source, packet->destination_mac, ETH_ALEN);
	error.ip.tot_len = bpf_htons(length - sizeof(error.eth));
	error.ip.check = ~fold_checksum(sum_words((__be16 *)&error.ip, sizeof(error.ip) / sizeof(__be16)));
	error.icmp.checksum = ~fold_checksum(bpf_csum_diff(NULL, 0, (__be32 *)&error.icmp, sizeof(error.icmp), 0));
	if (!hook_write(packet, 0, &error.eth, length))
		return false;
	packet->length = length;
	return balance_icmp_error(packet);
}

static __noinline enum reason send_icmp_error_to_remote(struct packet *packet, const struct flow *flow, __be32 from,
							enum reason why)
{
	__u32 length = packet->length;
	__u16 mtu = 0;
	enum reason sent;

	if (why == REASON_TOO_BIG) {
		why = REASON_FRAGMENTATION_NEEDED;
		mtu = hook_mtu_of(packet, packet->target);
	} else if (why != REASON_TTL_EXCEEDED) {
		return why;
	}
	from = from ?: gateway_address(packet->network_id);
	if (!may_get_icmp_error(flow) || !from || !may_send_to_remote(packet->network_id) ||
	    !write_remote_error(packet, flow, from, (__u32)error_of(why) << 16 | mtu))
		return why;
	mark_routed(packet, packet->ifindex);
	sent = send_back(packet);
	packet->length = length;
	packet->refused = why;
	return sent;
}
