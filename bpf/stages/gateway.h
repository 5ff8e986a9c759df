/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * answer_as_gateway: a ping that a VM sends to its network's gateway. What is for somebody beyond: route.h.
 * refuse_to_gateway: from the wire nobody sends to it, for each host answers its own ports.
 *
 * Fragments of a ping are turned round one by one. The checksum is over all of them, and only its first word changes.
 *
 * reads    source_mac, destination_mac, ethertype, tag_in_frame, tag_type, network, segment
 * returns  LEAVE_TO_TC; ANSWERED and those of answer.h; from the wire NOT_ROUTED
 * lookups  of a ping: gateways, and those of answer.h
 */
#pragma once

#include "answer.h"
#include "protocol.h"

/* Not by linux/icmp.h, which wants the headers of a C library for the target. */
#define ICMP_REQUEST_WORD bpf_htons(0x0800) /* echo request: type and code */
#define ICMP_REPLY_WORD	  bpf_htons(0x0000) /* echo reply */

/* Its checksum adds up to ones. Of a header without options. */
static __always_inline bool is_header_undamaged(const struct iphdr *ip)
{
	return fold_checksum(sum_words((__be16 *)ip, sizeof(*ip) / sizeof(__be16))) == 0xffff;
}

/* Without options, and no longer than the frame. */
static __always_inline bool read_ipv4(struct packet *packet, struct iphdr *ip)
{
	struct iphdr *bytes = hook_bytes(packet, header_offset(packet), sizeof(*bytes));

	if (packet->ethertype != bpf_htons(ETH_P_IP) || !bytes)
		return false;
	__builtin_memcpy(ip, bytes, sizeof(*ip));
	return ip->version == IPV4_VERSION && ip->ihl * 4 == sizeof(*ip) && bpf_ntohs(ip->tot_len) >= sizeof(*ip) &&
	       header_offset(packet) + bpf_ntohs(ip->tot_len) <= hook_length(packet) && is_header_undamaged(ip);
}

/* A later fragment of ICMP counts as one of a ping: sent back to its sender, it harms nobody. */
static __always_inline bool is_ping(struct packet *packet, __u32 network, const struct iphdr *ip)
{
	__be16 *word;

	if (ip->protocol != IPPROTO_ICMP || ip->saddr == ip->daddr || !is_gateway_address(network, ip->daddr))
		return false;
	if (ip->frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET))
		return true;
	word = hook_bytes(packet, header_offset(packet) + sizeof(*ip), sizeof(*word));
	return word && bpf_ntohs(ip->tot_len) >= sizeof(*ip) + ICMP_HEADER_SIZE && *word == ICMP_REQUEST_WORD;
}

static __always_inline enum reason write_ping_reply(struct packet *packet, const struct iphdr *request)
{
	const __u32 offset = sizeof(struct ethhdr) + sizeof(*request);
	struct iphdr reply = *request;
	__be16 word = ICMP_REPLY_WORD;
	enum reason reason;

	reply.saddr = request->daddr;
	reply.daddr = request->saddr;
	reply.ttl = GATEWAY_TTL;
	reason = write_headers(packet, packet->source_mac, &reply);
	if (reason || request->frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET))
		return reason;
	if (!hook_update_checksum(packet, offset + ICMP_CHECKSUM_OFFSET, ICMP_REQUEST_WORD, word, false))
		return REASON_ANSWER_FAILED;
	return hook_write(packet, offset, &word, sizeof(word)) ? REASON_CONTINUE : REASON_ANSWER_FAILED;
}

/* Of the network's gateway. The packet itself stays in its own. */
static __noinline enum reason answer_ping(struct packet *packet, __u32 network)
{
	struct iphdr ip;

	if (!read_ipv4(packet, &ip) || !is_ping(packet, network, &ip))
		return REASON_CONTINUE;
	return begin_answer(packet) ?: write_ping_reply(packet, &ip) ?: send_back(packet);
}

static __always_inline enum reason answer_as_gateway(struct packet *packet)
{
	if (!is_for_gateway(packet))
		return REASON_CONTINUE;
	return hook_keeps_offloads ? answer_ping(packet, packet->network) : REASON_LEAVE_TO_TC;
}

static __always_inline enum reason refuse_to_gateway(struct packet *packet)
{
	return is_for_gateway(packet) ? REASON_NOT_ROUTED : REASON_CONTINUE;
}
