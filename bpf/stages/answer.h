/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Helpers for replies: a program turns a request into its reply in place, and sends it back to the port it came from.
 *
 * Only tc replies. Replies are rare, and an sk_buff keeps a partial checksum; so XDP passes the requests to tc.
 *
 * reads    ifindex, network, segment, tag_type, and those of check_member
 * sets     tag_in_frame, target_flags, verdict
 * returns  ANSWERED, ANSWER_FAILED, POP_FAILED, REDIRECT_FAILED, and those of check_member
 * lookups  gateways; those of check_member; stats
 */
#pragma once

#include "address.h"
#include "emit.h"
#include "offload.h"

#define GATEWAY_TTL 64 /* default TTL of RFC 1700 */

static __always_inline struct nat_address *find_public(__be32 ipv4)
{
	struct address address = to_address(ipv4);

	return bpf_map_lookup_elem(&nat_addresses, &address);
}

/*
 * Written byte by byte, so that the compiler keeps the constant in the instructions. A constant in .rodata is a map,
 * and each load creates its own. The loader recognizes libxdp's copy of a program by its instructions and its maps, so
 * that map would make the copy look like another version.
 */
static __always_inline void set_gateway_mac(__u8 mac[ETH_ALEN])
{
	const __u8 gateway[ETH_ALEN] = GATEWAY_MAC;

	for (int i = 0; i < ETH_ALEN; i++)
		mac[i] = gateway[i];
}

static __always_inline bool is_gateway_mac(const __u8 mac[ETH_ALEN])
{
	const __u8 gateway[ETH_ALEN] = GATEWAY_MAC;
	__u8 difference = 0;

	for (int i = 0; i < ETH_ALEN; i++)
		difference |= mac[i] ^ gateway[i];
	return !difference;
}

static __always_inline bool is_for_gateway(const struct packet *packet)
{
	return packet->segment->flags & NETWORK_GATEWAY && is_gateway_mac(packet->destination_mac);
}

static __always_inline bool is_gateway_address(__u32 network, __be32 ipv4)
{
	struct gateway *gateway = bpf_map_lookup_elem(&gateways, &network);
	struct address address = to_address(ipv4);

	return gateway && !__builtin_memcmp(&gateway->address, &address, sizeof(address));
}

/* Must run before the first byte is written: checks that the port can receive the reply, and removes the tag. */
static __always_inline enum reason begin_answer(struct packet *packet)
{
	return check_member_apart(packet, packet->ifindex) ?: pop_tag(packet);
}

static __always_inline enum reason write_answer(struct packet *packet, const void *bytes, __u32 size)
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
	return write_answer(packet, &headers, sizeof(headers));
}

static __always_inline enum reason send_back(struct packet *packet)
{
	enum reason reason = redirect(packet, packet->ifindex);

	return reason == REASON_FORWARDED ? REASON_ANSWERED : reason;
}
