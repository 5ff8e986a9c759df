/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The Internet checksum: sums of 16-bit words in ones' complement (RFC 1071).
 */
#pragma once

#include <linux/ip.h>

#include "../packet.h"

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

/* Updates the IPv4 checksum (RFC 1624, eqn. 3) for the change of a 32-bit word, or of a 16-bit half of one. */
static __always_inline void follow_change(struct iphdr *ip, __be32 from, __be32 to)
{
	__u32 removed = (~from >> 16) + (__u16)~from;
	__u32 added = (to >> 16) + (__u16)to;

	ip->check = ~fold_checksum((__u16)~ip->check + removed + added);
}

/* For a header without options: the words of an undamaged header sum up to all ones (RFC 1071). */
static __always_inline bool is_header_undamaged(const struct iphdr *ip)
{
	return fold_checksum(sum_words((__be16 *)ip, sizeof(*ip) / sizeof(__be16))) == 0xffff;
}
