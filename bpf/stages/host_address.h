/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * check_host_address: the host's interface in a network gets what is for the addresses that it has there. The kernel would
 * take what is for any address of the host, whichever interface it comes in by, and might forward the rest.
 *
 * Broadcasts and groups pass. ICMP redirects do not: the kernel obeys them while net.ipv4.conf.all.accept_redirects is 1,
 * which it is by default, whatever the interface's own setting says. Nor do tags behind the network's own, which could
 * hide an address: the kernel takes off a priority tag.
 *
 * tc only: leave_to_tc.
 *
 * reads    ethertype, tag_in_frame, network, target_flags
 * returns  NOT_HOST_ADDRESS
 * lookups  of the host's interface: routes
 */
#pragma once

#include "parse.h"
#include "prefix.h"

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stddef.h>

#define ICMP_REDIRECT	     5
#define IPV4_FRAGMENT_OFFSET 0x1fff /* RFC 791 */

static __always_inline bool is_ipv4_group(__be32 address)
{
	return (address & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000) || address == bpf_htonl(0xffffffff);
}

/* What cannot be read is none that the kernel could. */
static __always_inline bool is_redirect(struct packet *packet, const struct iphdr *ip)
{
	__u8 type;

	if (ip->protocol != IPPROTO_ICMP || ip->frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET))
		return false;
	return !hook_read(packet, header_offset(packet) + ip->ihl * 4, &type, sizeof(type)) || type == ICMP_REDIRECT;
}

static __always_inline bool may_have_ipv4(struct packet *packet)
{
	struct iphdr ip;

	if (!hook_read(packet, header_offset(packet), &ip, sizeof(ip)) || is_redirect(packet, &ip))
		return false;
	return is_ipv4_group(ip.daddr) || find_route(ROUTE_TO_HOST, packet->network, ip.daddr);
}

/* RFC 4291, 2.5: loopback and v4-mapped addresses, which are no unicast ones of a link. */
static __always_inline bool has_zero_prefix(const struct address *address)
{
	__u64 prefix;

	__builtin_memcpy(&prefix, address, sizeof(prefix));
	return !prefix;
}

/* A link-local address is each interface's own. */
static __always_inline bool may_have_ipv6(struct packet *packet)
{
	__u32 offset = header_offset(packet) + offsetof(struct ipv6hdr, daddr);
	struct address to;

	if (!hook_read(packet, offset, &to, sizeof(to)) || has_zero_prefix(&to))
		return false;
	return to.bytes[0] == 0xff || (to.bytes[0] == 0xfe && (to.bytes[1] & 0xc0) == 0x80) ||
	       find_route_to(ROUTE_TO_HOST, packet->network, &to);
}

/* verifier: a global function is verified once, by itself, and not again in each program. */
__noinline int host_may_have(hook_ctx *ctx, __u32 network, __u32 ethertype, __u32 tag_in_frame)
{
	struct packet packet = {.ctx = ctx, .network = network, .tag_in_frame = tag_in_frame};

	if (ethertype == bpf_htons(ETH_P_IP))
		return may_have_ipv4(&packet);
	if (ethertype == bpf_htons(ETH_P_IPV6))
		return may_have_ipv6(&packet);
	return !is_vlan_ethertype(ethertype);
}

static __always_inline enum reason check_host_address(struct packet *packet)
{
	if (!hook_keeps_offloads || !(packet->target_flags & INTERFACE_TO_HOST) ||
	    host_may_have(packet->ctx, packet->network, packet->ethertype, packet->tag_in_frame))
		return REASON_CONTINUE;
	return REASON_NOT_HOST_ADDRESS;
}
