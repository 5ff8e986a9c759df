/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * reply_to_ping: replies to a ping that a VM sends to a gateway. nat/out.h and router.h handle what goes beyond the
 * gateway.
 *
 * Each fragment of a ping is turned into a fragment of the reply by itself. The ICMP checksum covers all of them, and
 * only the first word of the message changes.
 *
 * reads    source_mac, network_id
 * reasons  ANSWER_FAILED
 */
#pragma once

#include "../lib/flow.h"
#include "reply.h"

/* linux/icmp.h needs the headers of a C library for the target. */
#define ICMP_REQUEST_WORD bpf_htons(0x0800) /* echo request: type and code */
#define ICMP_REPLY_WORD	  bpf_htons(0x0000) /* echo reply */

/* A later fragment of ICMP has no type, and counts as part of a ping. It can only go back to its sender. */
static __always_inline bool is_ping(struct packet *packet, __u32 network_id, const struct iphdr *ip)
{
	__be16 *word;

	if (ip->protocol != IPPROTO_ICMP || ip->saddr == ip->daddr || !is_gateway_address(network_id, ip->daddr))
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

/* Replies to a ping to the gateway of this network, which may be another one of the router than the packet's. */
static __noinline enum reason reply_to_ping(struct packet *packet, __u32 network_id)
{
	struct iphdr ip;

	if (!read_ipv4(packet, &ip) || !is_ping(packet, network_id, &ip))
		return REASON_CONTINUE;
	return begin_reply(packet) ?: write_ping_reply(packet, &ip) ?: send_back(packet);
}

static __always_inline enum reason reply_as_gateway(struct packet *packet)
{
	if (!is_for_gateway(packet))
		return REASON_CONTINUE;
	return reply_to_ping(packet, packet->network_id);
}
