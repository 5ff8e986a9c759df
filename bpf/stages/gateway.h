/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * answer_as_gateway: replies to a ping that a VM sends to its network's gateway. route.h handles what goes beyond the
 * gateway.
 * refuse_to_gateway: drops frames from the wire to the gateway, because each host answers for its own ports.
 *
 * Each fragment of a ping is turned into a fragment of the reply by itself. The ICMP checksum covers all of them, and
 * only the first word of the message changes.
 *
 * reads    source_mac, destination_mac, ethertype, tag_in_frame, tag_type, network, segment
 * returns  LEAVE_TO_TC; ANSWERED, ANSWER_FAILED and those of answer.h; refuse_to_gateway: NOT_ROUTED
 * lookups  for a ping: gateways, and those of answer.h
 */
#pragma once

#include "answer.h"
#include "protocol.h"

/* linux/icmp.h needs the headers of a C library for the target. */
#define ICMP_REQUEST_WORD bpf_htons(0x0800) /* echo request: type and code */
#define ICMP_REPLY_WORD	  bpf_htons(0x0000) /* echo reply */

/* For a header without options: the words of an undamaged header sum up to all ones (RFC 1071). */
static __always_inline bool is_header_undamaged(const struct iphdr *ip)
{
	return fold_checksum(sum_words((__be16 *)ip, sizeof(*ip) / sizeof(__be16))) == 0xffff;
}

/* Only headers without options, of a packet that is not longer than the frame. */
static __always_inline bool read_ipv4(struct packet *packet, struct iphdr *ip)
{
	struct iphdr *bytes = hook_bytes(packet, header_offset(packet), sizeof(*bytes));

	if (packet->ethertype != bpf_htons(ETH_P_IP) || !bytes)
		return false;
	__builtin_memcpy(ip, bytes, sizeof(*ip));
	return ip->version == IPV4_VERSION && ip->ihl * 4 == sizeof(*ip) && bpf_ntohs(ip->tot_len) >= sizeof(*ip) &&
	       header_offset(packet) + bpf_ntohs(ip->tot_len) <= hook_length(packet) && is_header_undamaged(ip);
}

/* A later fragment of ICMP has no type, and counts as part of a ping. It can only go back to its sender. */
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

/* Replies to a ping to the gateway of `network`. This may be another network of the router; packet->network stays. */
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
