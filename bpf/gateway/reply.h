/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Helpers for replies: a program turns a request into its reply in place, and sends it back to the port it came from.
 *
 * Only tc replies. Replies are rare, and an sk_buff keeps a partial checksum; so XDP passes the requests to tc.
 *
 * reads    ifindex
 * reasons  ANSWER_FAILED, ANSWERED
 */
#pragma once

#include <linux/ip.h>

#include "../lib/checksum.h"
#include "../lib/gateway.h"
#include "../switch/emit.h"
#include "../switch/fdb_lookup.h"

/* verifier: a separate function keeps its stack out of its callers' (6.1: 512 bytes for a chain of calls). */
static __noinline enum reason check_member_apart(struct packet *packet, __u32 ifindex)
{
	return check_member(packet, ifindex);
}

/* Must run before the first byte is written: checks that the port can receive the reply, and removes the tag. */
static __always_inline enum reason begin_reply(struct packet *packet)
{
	return check_member_apart(packet, packet->ifindex) ?: pop_tag(packet);
}

static __always_inline enum reason write_reply(struct packet *packet, const void *bytes, __u32 size)
{
	return hook_write(packet, 0, bytes, size) ? REASON_CONTINUE : REASON_ANSWER_FAILED;
}

/* Writes the Ethernet and IPv4 headers of a reply from the gateway, and sets the IPv4 checksum. */
static __always_inline enum reason write_headers(struct packet *packet, const __u8 to[ETH_ALEN], struct iphdr *ip)
{
	struct {
		struct ethhdr eth;
		struct iphdr ip;
	} __attribute__((packed)) headers = {.eth.h_proto = bpf_htons(ETH_P_IP)};

	ip->check = 0;
	ip->check = ~fold_checksum(sum_words((__be16 *)ip, sizeof(*ip) / sizeof(__be16)));
	headers.ip = *ip;
	__builtin_memcpy(headers.eth.h_dest, to, ETH_ALEN);
	set_gateway_mac(headers.eth.h_source);
	return write_reply(packet, &headers, sizeof(headers));
}

static __always_inline enum reason send_back(struct packet *packet)
{
	enum reason reason = redirect(packet, packet->ifindex);

	return reason == REASON_FORWARDED ? REASON_ANSWERED : reason;
}
