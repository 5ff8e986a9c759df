/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * leave_to_tc: XDP passes to tc each frame that it could damage. The tc program of the same interface gets it
 * unmodified.
 *
 * An sk_buff stores a partial checksum and a segmentation offload beside the bytes, where XDP cannot see them. So XDP
 * carries a frame only if
 *   - it has exactly one receiver that accepts XDP frames: XDP cannot copy, and cannot reach the host's stack;
 *   - it is in one buffer, which every driver can transmit;
 *   - it is not an sk_buff yet: a redirect would keep the sender's offloads and bypass tc, which checks them; and
 *   - no checksum in it can be partial: the operator or the hardware guarantees that, or the bytes prove it.
 *
 * The bytes prove it for ARP, which has no checksum. They prove it for TCP and ICMP if the field is not the sum of the
 * pseudo-header alone, which is what the sender of a partial checksum stores there. A segmentation offload always comes
 * with a partial checksum. UDP always goes to tc, because it may be a tunnel with a partial checksum inside; so does
 * every other protocol. A wrong "partial" costs only the slower path through tc. docs/packet-path.md has the full
 * argument.
 *
 * reads    ethertype, tag_in_frame, checksums_complete, may_be_sk_buff, destination, target_flags
 * returns  LEAVE_TO_TC
 */
#pragma once

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stddef.h>

#include "parse.h"
#include "protocol.h"

#define IPV4_MAX_HEADER	     60
#define ICMP_CHECKSUM_OFFSET 2 /* RFC 792; RFC 4443, 2.1 */

/*
 * The transport header, and the sum of the addresses in its pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1). The sum is an
 * unfolded ones' complement sum.
 */
struct transport {
	__u32 address_sum;
	__u32 offset; /* offset in the frame */
	__u32 length;
	__u8 protocol;
};

static __always_inline __u16 fold_checksum(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static __always_inline __u32 sum_words(const __be16 *words, int count)
{
	__u32 sum = 0;

	for (int i = 0; i < count; i++)
		sum += words[i];
	return sum;
}

/* 0 and 0xffff are the same number in ones' complement. */
static __always_inline bool same_checksum(__u16 a, __u16 b)
{
	return a == b || ((__u16)(a + 1) <= 1 && (__u16)(b + 1) <= 1);
}

/* Some senders leave the length out of the pseudo-header's sum if they also leave segmentation to the device. */
static __always_inline enum reason prove_field(struct packet *packet, const struct transport *transport,
					       __u32 field_offset)
{
	__be16 *field = hook_bytes(packet, transport->offset + field_offset, sizeof(*field));
	__u32 without_length = transport->address_sum + bpf_htons(transport->protocol);

	if (transport->protocol == IPPROTO_ICMP)
		without_length = 0;
	if (!field || same_checksum(*field, fold_checksum(without_length)))
		return REASON_LEAVE_TO_TC;
	if (transport->protocol == IPPROTO_ICMP)
		return REASON_CONTINUE;
	if (same_checksum(*field, fold_checksum(without_length + bpf_htons(transport->length))))
		return REASON_LEAVE_TO_TC;
	return REASON_CONTINUE;
}

static __always_inline enum reason prove_transport(struct packet *packet, const struct transport *transport)
{
	switch (transport->protocol) {
	case IPPROTO_TCP:
		return prove_field(packet, transport, offsetof(struct tcphdr, check));
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return prove_field(packet, transport, ICMP_CHECKSUM_OFFSET);
	default:
		return REASON_LEAVE_TO_TC;
	}
}

static __always_inline enum reason prove_ipv4(struct packet *packet, __u32 offset)
{
	struct iphdr *ip = hook_bytes(packet, offset, sizeof(*ip));
	struct transport transport;
	__u32 header;

	if (!ip || ip->frag_off & bpf_htons(IPV4_ANY_FRAGMENT))
		return REASON_LEAVE_TO_TC;
	header = ip->ihl * 4;
	if (header < sizeof(*ip) || header > IPV4_MAX_HEADER || bpf_ntohs(ip->tot_len) < header ||
	    offset + bpf_ntohs(ip->tot_len) > hook_length(packet))
		return REASON_LEAVE_TO_TC;
	transport = (struct transport){
		.address_sum = sum_words((__be16 *)&ip->saddr, 4),
		.offset = offset + header,
		.length = bpf_ntohs(ip->tot_len) - header,
		.protocol = ip->protocol,
	};
	return prove_transport(packet, &transport);
}

/* If there is an extension header, nexthdr is not one of the protocols below. */
static __always_inline enum reason prove_ipv6(struct packet *packet, __u32 offset)
{
	struct ipv6hdr *ip = hook_bytes(packet, offset, sizeof(*ip));
	struct transport transport;

	if (!ip || ip->nexthdr == IPPROTO_ICMP ||
	    offset + sizeof(*ip) + bpf_ntohs(ip->payload_len) > hook_length(packet))
		return REASON_LEAVE_TO_TC;
	transport = (struct transport){
		.address_sum = sum_words((__be16 *)&ip->saddr, 16),
		.offset = offset + sizeof(*ip),
		.length = bpf_ntohs(ip->payload_len),
		.protocol = ip->nexthdr,
	};
	return prove_transport(packet, &transport);
}

static __always_inline enum reason prove_checksum(struct packet *packet)
{
	__u32 offset = header_offset(packet);

	switch (packet->ethertype) {
	case bpf_htons(ETH_P_ARP):
		return REASON_CONTINUE;
	case bpf_htons(ETH_P_IP):
		return prove_ipv4(packet, offset);
	case bpf_htons(ETH_P_IPV6):
		return prove_ipv6(packet, offset);
	default:
		return REASON_LEAVE_TO_TC;
	}
}

/* Only tc may send to the host's interface, because check_host_address runs there. */
static __always_inline bool takes_xdp(const struct packet *packet)
{
	return (packet->target_flags & (INTERFACE_XDP_TARGET | INTERFACE_TO_HOST)) == INTERFACE_XDP_TARGET;
}

static __always_inline enum reason leave_to_tc(struct packet *packet)
{
	bool one_target = packet->destination == DESTINATION_PORT || packet->destination == DESTINATION_UPLINK;

	if (hook_keeps_offloads)
		return REASON_CONTINUE;
	if (!one_target || !takes_xdp(packet) || !hook_is_linear(packet))
		return REASON_LEAVE_TO_TC;
	if (packet->may_be_sk_buff && hook_is_sk_buff(packet))
		return REASON_LEAVE_TO_TC;
	return packet->checksums_complete ? REASON_CONTINUE : prove_checksum(packet);
}
