/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * refuse_false_offloads: drops a frame whose offloads, which its sender stores beside the bytes, are not its own.
 *
 * The kernel finishes a partial checksum and segments a frame after all decisions of xvnet. In the virtio-net header a
 * VM chooses where the sum begins, where the result is written and, through the bytes that are summed, its value. At
 * any place but the frame's own checksum field this would change an address, a port or an ARP sender that has been
 * checked or translated. So a partial checksum must be
 *   - the frame's own: the checksum of TCP, UDP, SCTP, DCCP, UDP-Lite or ICMP, at its place after the IP header; or
 *   - inside a tunnel: after a UDP header, or after the IP header of a protocol that is none of those. No stage reads
 *     these bytes, so the VM could have sent the result itself.
 *
 * A fragment must not have a partial checksum, because the sum would need the other fragments. It must not be segmented
 * either: the kernel cuts a UDP datagram into fragments (UFO), and would overwrite the frame's fragment offset.
 *
 * It runs under tc only: XDP does not see what is stored beside the bytes (docs/packet-path.md).
 *
 * reads    tag_in_frame, ethertype
 * reasons  FALSE_SEGMENTS, FALSE_CHECKSUM
 */
#pragma once

#include <linux/udp.h>

#include "../lib/payload.h"

#define TCP_CHECKSUM_OFFSET 16 /* RFC 9293, 3.1 */
#define UDP_CHECKSUM_OFFSET 6  /* RFC 768; RFC 3828, 3.1 */

/* The offset of the protocol's checksum field. 0: no sender leaves this protocol's checksum to the device. */
static __always_inline __u32 own_field(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return TCP_CHECKSUM_OFFSET;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return UDP_CHECKSUM_OFFSET;
	case IPPROTO_DCCP:
		return 6; /* RFC 4340, 5.1 */
	case IPPROTO_SCTP:
		return 8; /* RFC 9260, 3.1 */
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return 2; /* RFC 792; RFC 4443, 2.1 */
	default:
		return 0;
	}
}

static __always_inline bool is_own_checksum(const struct payload *payload, const struct partial_checksum *partial)
{
	__u32 field = own_field(payload->protocol);

	if (!payload->offset || payload->protocol == IPPROTO_FRAGMENT)
		return false;
	if (!field)
		return partial->start >= payload->offset;
	if (partial->start == payload->offset)
		return partial->offset == field;
	return payload->protocol == IPPROTO_UDP && partial->start >= payload->offset + sizeof(struct udphdr);
}

static __always_inline enum reason judge_payload(struct packet *packet, const struct payload *payload)
{
	struct partial_checksum partial;

	if (hook_segment_payload(packet) && (!payload->offset || payload->protocol == IPPROTO_FRAGMENT))
		return REASON_FALSE_SEGMENTS;
	if (!hook_has_partial_checksum(packet))
		return REASON_CONTINUE;
	partial = hook_partial_checksum(packet);
	return is_own_checksum(payload, &partial) ? REASON_CONTINUE : REASON_FALSE_CHECKSUM;
}

/*
 * For other EtherTypes no stage reads more than the Ethernet header. ARP has neither a checksum nor segments.
 *
 * verifier: a global function is verified once, and not again in each program.
 */
__noinline int judge_offloads(hook_ctx *ctx, __u32 ethertype, __u32 tag_in_frame)
{
	struct packet packet = {.ctx = ctx, .ethertype = ethertype, .tag_in_frame = tag_in_frame};
	struct payload payload = {};

	if (ethertype == bpf_htons(ETH_P_IP))
		payload = payload_of_ipv4(&packet);
	else if (ethertype == bpf_htons(ETH_P_IPV6))
		payload = payload_of_ipv6(&packet);
	else if (ethertype != bpf_htons(ETH_P_ARP))
		payload.offset = header_offset(&packet);
	return judge_payload(&packet, &payload);
}

/*
 * The fast path for nearly all frames with a partial checksum: an unfragmented TCP or UDP packet without IPv4 options.
 * judge_offloads() examines all others.
 */
static __always_inline bool is_plain(struct packet *packet)
{
	struct partial_checksum partial = hook_partial_checksum(packet);
	struct ethhdr *eth = hook_data(packet);
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > hook_data_end(packet) || eth->h_proto != bpf_htons(ETH_P_IP))
		return false;
	return *(__u8 *)ip == 0x45 && !(ip->frag_off & bpf_htons(IPV4_ANY_FRAGMENT)) &&
	       partial.start == sizeof(struct ethhdr) + sizeof(*ip) &&
	       ((ip->protocol == IPPROTO_TCP && partial.offset == TCP_CHECKSUM_OFFSET) ||
		(ip->protocol == IPPROTO_UDP && partial.offset == UDP_CHECKSUM_OFFSET));
}

static __always_inline enum reason refuse_false_offloads(struct packet *packet)
{
	int reason;

	if (hook_has_partial_checksum(packet) ? is_plain(packet) : !hook_segment_payload(packet))
		return REASON_CONTINUE;
	reason = judge_offloads(packet->ctx, packet->ethertype, packet->tag_in_frame);
	if (!reason)
		return REASON_CONTINUE;
	return reason == REASON_FALSE_SEGMENTS ? REASON_FALSE_SEGMENTS : REASON_FALSE_CHECKSUM;
}
