/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * check_host_address: lets only frames for the host's addresses in a network reach the host's interface there. The
 * kernel would accept packets for any address of the host on any of its interfaces, and might forward others.
 *
 * Each sender occupies one of the elements that its port may use (host_sender.h). Broadcast and multicast pass. The
 * following is dropped:
 *   - ICMP redirects. The kernel obeys them while net.ipv4.conf.all.accept_redirects is 1, the default, whatever the
 *     setting of the interface is.
 *   - ICMP errors, except about a packet that the host sent from such an address to the sender of the error. Others
 *     would change the host's path MTUs and end its connections on other interfaces.
 *   - IPv6 from a source outside the network's prefixes. The kernel checks the source of IPv4 only (rp_filter), and
 *     would reply to any other.
 *   - Everything but ARP and IP. A second tag is dropped as well, because it could hide an address: the kernel
 *     removes a priority tag.
 *
 * It runs under tc only: XDP passes frames for that interface to tc (xdp_safe.h).
 *
 * reads    ifindex, tag_in_frame, ethertype, network_id, target_flags
 * reasons  HOST_SENDERS_EXHAUSTED, NOT_HOST_ADDRESS
 */
#pragma once

#include <linux/in.h>
#include <linux/ip.h>
#include <stddef.h>

#include "../lib/arp.h"
#include "../lib/lpm.h"
#include "../lib/payload.h"
#include "host_sender.h"

#define IPV6_FRAGMENT_OFFSET 0xfff8 /* RFC 8200, 4.5 */
#define IPV6_FRAGMENT_SIZE   8

static __always_inline bool is_ipv4_group(__be32 address)
{
	return (address & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000) || address == bpf_htonl(0xffffffff);
}

static __always_inline bool is_icmp_error(__u8 type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER;
}

/* Whether the packet is no ICMP error, or one that the host may receive. A message that cannot be read is refused. */
static __always_inline bool may_have_icmp(struct packet *packet, const struct iphdr *ip)
{
	__u32 offset = header_offset(packet) + ip->ihl * 4;
	struct iphdr about;
	__u8 type;

	if (ip->protocol != IPPROTO_ICMP || ip->frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET))
		return true;
	if (!hook_read(packet, offset, &type, sizeof(type)))
		return false;
	if (!is_icmp_error(type))
		return true;
	return type != ICMP_REDIRECT && hook_read(packet, offset + ICMP_HEADER_SIZE, &about, sizeof(about)) &&
	       about.daddr == ip->saddr && find_route(ROUTE_TO_HOST, packet->network_id, about.saddr);
}

static __always_inline enum reason judge_sender(struct packet *packet, const struct address *from)
{
	return may_send_to_host(packet->network_id, packet->ifindex, from) ? REASON_CONTINUE
									   : REASON_HOST_SENDERS_EXHAUSTED;
}

/* The host adds the sender of a request for its address to its neighbour table. It ignores other requests. */
static __always_inline enum reason judge_arp(struct packet *packet)
{
	struct address from;
	struct arp_packet arp;

	if (!hook_read(packet, header_offset(packet), &arp, sizeof(arp)) || !is_ipv4_arp(&arp) || !arp.sender ||
	    !find_route(ROUTE_TO_HOST, packet->network_id, arp.target))
		return REASON_CONTINUE;
	from = to_address(arp.sender);
	return judge_sender(packet, &from);
}

static __always_inline enum reason judge_ipv4(struct packet *packet)
{
	struct address from;
	struct iphdr ip;

	if (!hook_read(packet, header_offset(packet), &ip, sizeof(ip)) || !may_have_icmp(packet, &ip))
		return REASON_NOT_HOST_ADDRESS;
	if (!is_ipv4_group(ip.daddr) && !find_route(ROUTE_TO_HOST, packet->network_id, ip.daddr))
		return REASON_NOT_HOST_ADDRESS;
	from = to_address(ip.saddr);
	return judge_sender(packet, &from);
}

static __always_inline bool is_link_local(const struct address *address)
{
	return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

/* The unspecified, loopback and v4-mapped addresses (RFC 4291, 2.5). None of them is a unicast address of a link. */
static __always_inline bool has_zero_prefix(const struct address *address)
{
	__u64 prefix;

	__builtin_memcpy(&prefix, address, sizeof(prefix));
	return !prefix;
}

static __always_inline bool is_unspecified(const struct address *address)
{
	__u64 rest;

	__builtin_memcpy(&rest, address->bytes + sizeof(rest), sizeof(rest));
	return has_zero_prefix(address) && !rest;
}

/*
 * Each station has its own link-local address. A station without an address uses the unspecified one, for duplicate
 * address detection (RFC 4862, 5.4.2).
 */
static __always_inline bool may_send(struct packet *packet, const struct address *from)
{
	if (has_zero_prefix(from))
		return is_unspecified(from);
	return is_link_local(from) || find_route_to(ROUTE_BESIDE_HOST, packet->network_id, from);
}

static __always_inline bool is_own_ipv6(struct packet *packet, const struct address *address)
{
	return !has_zero_prefix(address) &&
	       (is_link_local(address) || find_route_to(ROUTE_TO_HOST, packet->network_id, address));
}

struct ipv6_ends {
	struct address from;
	struct address to;
};

static __always_inline bool read_ends(struct packet *packet, __u32 offset, struct ipv6_ends *ends)
{
	return hook_read(packet, offset + offsetof(struct ipv6hdr, saddr), ends, sizeof(*ends));
}

/* Later fragments pass: the ICMPv6 header is in the first fragment, and that one is checked. */
static __always_inline bool may_have_icmpv6(struct packet *packet, const struct ipv6_ends *ends)
{
	struct payload payload = payload_of_ipv6(packet);
	struct ipv6_ends about;
	__be16 fragment[2]; /* next header; fragment offset */
	__u8 type;

	if (!payload.offset)
		return false;
	if (payload.protocol == IPPROTO_FRAGMENT) {
		if (!hook_read(packet, payload.offset, fragment, sizeof(fragment)))
			return false;
		if (fragment[1] & bpf_htons(IPV6_FRAGMENT_OFFSET))
			return true;
		payload.protocol = *(__u8 *)fragment;
		payload.offset += IPV6_FRAGMENT_SIZE;
		if (is_ipv6_option(payload.protocol))
			return false;
	}
	if (payload.protocol != IPPROTO_ICMPV6)
		return true;
	if (!hook_read(packet, payload.offset, &type, sizeof(type)))
		return false;
	return type >= ICMPV6_FIRST_NO_ERROR ||
	       (read_ends(packet, payload.offset + ICMP_HEADER_SIZE, &about) &&
		!address_difference(&about.to, &ends->from) && is_own_ipv6(packet, &about.from));
}

static __always_inline enum reason judge_ipv6(struct packet *packet)
{
	struct ipv6_ends ends;

	if (!read_ends(packet, header_offset(packet), &ends) || !may_send(packet, &ends.from) ||
	    !may_have_icmpv6(packet, &ends))
		return REASON_NOT_HOST_ADDRESS;
	if (ends.to.bytes[0] != 0xff && !is_own_ipv6(packet, &ends.to))
		return REASON_NOT_HOST_ADDRESS;
	return has_zero_prefix(&ends.from) ? REASON_CONTINUE : judge_sender(packet, &ends.from);
}

/* verifier: a global function is verified once, and not again in each program. */
__noinline int judge_for_host(hook_ctx *ctx, __u32 network_id, __u32 ifindex, __u32 ethertype, __u32 tag_in_frame)
{
	struct packet packet = {.ctx = ctx, .network_id = network_id, .ifindex = ifindex, .tag_in_frame = tag_in_frame};

	if (ethertype == bpf_htons(ETH_P_ARP))
		return judge_arp(&packet);
	if (ethertype == bpf_htons(ETH_P_IP))
		return judge_ipv4(&packet);
	if (ethertype == bpf_htons(ETH_P_IPV6))
		return judge_ipv6(&packet);
	return REASON_NOT_HOST_ADDRESS;
}

static __always_inline enum reason check_host_address(struct packet *packet)
{
	if (!(packet->target_flags & INTERFACE_TO_HOST))
		return REASON_CONTINUE;
	return judge_for_host(packet->ctx, packet->network_id, packet->ifindex, packet->ethertype,
			      packet->tag_in_frame);
}
