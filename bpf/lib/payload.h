/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What follows an IP header, behind its options and extension headers.
 */
#pragma once

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "eth.h"
#include "ipv4.h"

#define IPV6_EXTENSIONS 4 /* a header with more of them counts as damaged */

/* The bytes after an IP header. */
struct payload {
	__u32 offset;  /* offset in the frame; 0: the header is damaged */
	__u8 protocol; /* IPPROTO_FRAGMENT: a fragment of an IPv4 or IPv6 packet */
};

static __always_inline struct payload payload_of_ipv4(struct packet *packet)
{
	struct iphdr *ip = hook_bytes(packet, header_offset(packet), sizeof(*ip));

	if (!ip || ip->version != 4 || ip->ihl * 4 < sizeof(*ip))
		return (struct payload){};
	return (struct payload){
		.offset = header_offset(packet) + ip->ihl * 4,
		.protocol = ip->frag_off & bpf_htons(IPV4_ANY_FRAGMENT) ? IPPROTO_FRAGMENT : ip->protocol,
	};
}

static __always_inline bool is_ipv6_option(__u8 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS;
}

/*
 * RFC 8200, 4: an option header begins with the next protocol and its own length, which counts units of 8 bytes after
 * the first 8.
 */
static __always_inline struct payload payload_of_ipv6(struct packet *packet)
{
	struct ipv6hdr *ip = hook_bytes(packet, header_offset(packet), sizeof(*ip));
	struct payload payload = {.offset = header_offset(packet) + sizeof(*ip)};
	__u8 option[2];

	if (!ip)
		return (struct payload){};
	payload.protocol = ip->nexthdr;
	for (int i = 0; i < IPV6_EXTENSIONS && is_ipv6_option(payload.protocol); i++) {
		if (!hook_read(packet, payload.offset, option, sizeof(option)))
			return (struct payload){};
		payload.protocol = option[0];
		payload.offset += (option[1] + 1) * 8;
	}
	return is_ipv6_option(payload.protocol) ? (struct payload){} : payload;
}
