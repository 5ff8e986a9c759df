/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * send_icmp_error: turns a dropped frame into the ICMP error about it, from the gateway to the VM (RFC 792; RFC 1812,
 * 4.3.2). The error quotes the IPv4 header and 8 bytes, by which the VM finds the socket.
 *
 * reads    source_mac, length, network_id, target
 * sets     length, refused
 * reasons  ANSWER_FAILED, FRAGMENTATION_NEEDED, ANSWERED
 * lookups  gateways
 */
#pragma once

#include "../lib/flow.h"
#include "reply.h"

#define ICMP_ERROR(type, code)	  ((type) << 8 | (code))
#define ICMP_NET_UNREACHABLE	  0
#define ICMP_NO_SUCH_HOST	  1
#define ICMP_FRAGMENTATION_NEEDED 4
#define ICMP_PROHIBITED		  13   /* RFC 1812, 5.2.7.1 */
#define ICMP_QUOTED		  8    /* bytes after the IPv4 header */
#define IPV4_HEADER_MASK	  0x3c /* values of a header length in bytes */
#define ICMP_MAX_QUOTE		  (IPV4_MAX_HEADER + ICMP_QUOTED)

struct icmp_error {
	__be16 type_and_code;
	__be16 checksum;
	__be16 unused;
	__be16 mtu; /* for "fragmentation needed" (RFC 1191, 4) */
	__u8 quote[ICMP_MAX_QUOTE];
};

static __always_inline enum reason write_error(struct packet *packet, const struct iphdr *refused,
					       struct icmp_error *error, __u32 length)
{
	const __u32 offset = sizeof(struct ethhdr) + sizeof(*refused);
	struct gateway *gateway = bpf_map_lookup_elem(&gateways, &packet->network_id);
	struct iphdr ip = {
		.version = IPV4_VERSION,
		.ihl = sizeof(ip) / 4,
		.tot_len = bpf_htons(sizeof(ip) + length),
		.ttl = GATEWAY_TTL,
		.protocol = IPPROTO_ICMP,
		.daddr = refused->saddr,
	};

	if (!gateway || !hook_resize(packet, offset + length))
		return REASON_ANSWER_FAILED;
	ip.saddr = ipv4_of(&gateway->address);
	error->checksum = ~fold_checksum(bpf_csum_diff(NULL, 0, (__be32 *)error, sizeof(*error), 0));
	if (length < ICMP_HEADER_SIZE || length > sizeof(*error) || !hook_write(packet, offset, error, length))
		return REASON_ANSWER_FAILED;
	return write_headers(packet, packet->source_mac, &ip);
}

/*
 * The ICMP error inherits the frame's partial checksum, which now begins at its ICMP header. Some receivers finish the
 * checksum, others read the field as it is. A word after the packet, in the Ethernet padding, makes both results equal:
 * the ICMP message with its own checksum sums up to zero, and the word is the complement of the field. False if the
 * partial checksum begins elsewhere, for example after IPv4 options.
 */
static __noinline bool balance_icmp_error(struct packet *packet)
{
	struct partial_checksum partial;
	__u32 end = packet->length;
	__be16 field = 0;

	if (!hook_has_partial_checksum(packet))
		return true;
	partial = hook_partial_checksum(packet);
	if (partial.start != sizeof(struct ethhdr) + sizeof(struct iphdr) ||
	    !hook_read(packet, partial.start + partial.offset, &field, sizeof(field)))
		return false;
	field = ~field;
	packet->length = end + sizeof(field);
	return hook_resize(packet, packet->length) && hook_write(packet, end, &field, sizeof(field));
}

static __noinline enum reason send_error_with_quote(struct packet *packet, const struct flow *flow,
						    struct icmp_error *error)
{
	/* verifier: "invalid zero-sized read" (6.1). A mask bounds the size for it; a comparison does not. */
	__u32 quoted = (flow->header & IPV4_HEADER_MASK) + ICMP_QUOTED;
	__u32 asked = packet->length;
	enum reason reason;

	if (!hook_read(packet, header_offset(packet), error->quote, quoted))
		return REASON_ANSWER_FAILED;
	packet->length = sizeof(struct ethhdr) + sizeof(struct iphdr) + ICMP_HEADER_SIZE + quoted;
	reason = begin_reply(packet) ?: write_error(packet, &flow->ip, error, ICMP_HEADER_SIZE + quoted);
	if (!reason)
		reason = balance_icmp_error(packet) ? send_back(packet) : REASON_ANSWER_FAILED;
	packet->length = asked;
	return reason;
}

/* The ICMP type and code that report this reason to the frame's sender; 0: none. */
static __always_inline __u16 error_of(enum reason reason)
{
	switch (reason) {
	case REASON_TTL_EXCEEDED:
		return ICMP_ERROR(ICMP_TIME_EXCEEDED, 0);
	case REASON_NO_ROUTE:
		return ICMP_ERROR(ICMP_UNREACHABLE, ICMP_NET_UNREACHABLE);
	case REASON_HOST_UNREACHABLE:
	case REASON_NEIGHBOURS_EXHAUSTED:
		return ICMP_ERROR(ICMP_UNREACHABLE, ICMP_NO_SUCH_HOST);
	case REASON_FRAGMENTATION_NEEDED:
		return ICMP_ERROR(ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED);
	case REASON_NAT_PORTS_EXHAUSTED:
	case REASON_NAT_SESSIONS_EXHAUSTED:
		return ICMP_ERROR(ICMP_UNREACHABLE, ICMP_PROHIBITED);
	default:
		return 0;
	}
}

/* Turns TOO_BIG into FRAGMENTATION_NEEDED, and finds the MTU that the ICMP error reports. */
static __always_inline enum reason refuse_too_big(struct packet *packet, enum reason reason, __u16 *mtu)
{
	if (reason != REASON_TOO_BIG)
		return reason;
	*mtu = hook_mtu_of(packet, packet->target);
	return REASON_FRAGMENTATION_NEEDED;
}

static __noinline bool report(struct packet *packet, const struct flow *flow, __u16 type_and_code, __u16 mtu)
{
	struct icmp_error error = {.type_and_code = bpf_htons(type_and_code), .mtu = bpf_htons(mtu)};

	return send_error_with_quote(packet, flow, &error) == REASON_ANSWERED;
}

/* There is no ICMP error about an ICMP error or about a later fragment (RFC 1122, 3.2.2). */
static __always_inline enum reason send_icmp_error(struct packet *packet, const struct flow *flow, enum reason why,
						   __u16 mtu)
{
	__u16 type_and_code = error_of(why);

	if (!type_and_code || flow->is_icmp_error || is_later_fragment(flow) ||
	    !report(packet, flow, type_and_code, mtu))
		return why;
	packet->refused = why;
	return REASON_ANSWERED;
}
