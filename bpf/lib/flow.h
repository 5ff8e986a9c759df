/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The addresses, ports and protocol of a frame, as a NAT needs them (RFC 3022). For an ICMP error, the quoted packet
 * identifies the flow.
 *
 * reads    ethertype
 */
#pragma once

#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "checksum.h"
#include "eth.h"
#include "ipv4.h"

/* RFC 792 */
#define ICMP_ID_OFFSET 4

#define TCP_LENGTH_OFFSET 12 /* RFC 9293, 3.1: upper half of the byte, in units of 4 bytes */
#define TCP_FLAGS_OFFSET  13
#define TCP_FIN		  0x01
#define TCP_SYN		  0x02
#define TCP_RST		  0x04
#define TCP_ACK		  0x10

struct flow {
	struct iphdr ip; /* IPv4 header without its options */
	__u8 start;  /* bytes from the frame's IPv4 header to this one; 0 except for a packet quoted in an ICMP error */
	__u8 header; /* length of the IPv4 header with its options, in bytes */
	__u16 source; /* source port; for an ICMP query source and destination are its identifier */
	__u16 destination;
	__u8 protocol; /* enum nat_protocol; NAT_ANY: no ports */
	__u8 tcp_flags;
	bool is_icmp_reply;
	bool is_icmp_error;
};

/*
 * verifier: "unbounded min value": an offset needs a bound. No header starts beyond this, including one quoted in an
 * ICMP error.
 */
#define HEADER_OFFSET_MASK 0xff

static __always_inline __u32 network_offset(const struct packet *packet, const struct flow *flow)
{
	return (header_offset(packet) + flow->start) & HEADER_OFFSET_MASK;
}

static __always_inline __u32 transport_offset(const struct packet *packet, const struct flow *flow)
{
	return (network_offset(packet, flow) + flow->header) & HEADER_OFFSET_MASK;
}

static __always_inline struct iphdr *ip_header(struct packet *packet, const struct flow *flow)
{
	return hook_bytes(packet, network_offset(packet, flow), sizeof(struct iphdr));
}

static __always_inline bool read_header(struct packet *packet, struct flow *flow)
{
	struct iphdr *ip = ip_header(packet, flow);

	if (!ip)
		return false;
	flow->ip = *ip;
	flow->header = flow->ip.ihl * 4;
	return flow->ip.version == IPV4_VERSION && flow->header >= sizeof(flow->ip);
}

static __always_inline bool read_transport_ports(struct packet *packet, struct flow *flow)
{
	__be16 *ports = hook_bytes(packet, transport_offset(packet, flow), 2 * sizeof(*ports));

	if (!ports)
		return false;
	flow->source = bpf_ntohs(ports[0]);
	flow->destination = bpf_ntohs(ports[1]);
	return true;
}

static __always_inline bool read_tcp(struct packet *packet, struct flow *flow, __u32 length)
{
	flow->protocol = NAT_TCP;
	return length >= sizeof(struct tcphdr) && read_transport_ports(packet, flow) &&
	       hook_read(packet, transport_offset(packet, flow) + TCP_FLAGS_OFFSET, &flow->tcp_flags,
			 sizeof(flow->tcp_flags));
}

static __always_inline bool read_udp(struct packet *packet, struct flow *flow, __u32 length)
{
	flow->protocol = NAT_UDP;
	return length >= sizeof(struct udphdr) && read_transport_ports(packet, flow);
}

static __always_inline bool read_icmp(struct packet *packet, struct flow *flow, __u32 length)
{
	__u32 offset = transport_offset(packet, flow);
	__be16 identifier;
	__u8 type;

	flow->protocol = NAT_ICMP;
	if (length < ICMP_HEADER_SIZE || !hook_read(packet, offset, &type, sizeof(type)) ||
	    !hook_read(packet, offset + ICMP_ID_OFFSET, &identifier, sizeof(identifier)))
		return false;
	flow->source = bpf_ntohs(identifier);
	flow->destination = flow->source;
	flow->is_icmp_reply = type == ICMP_ECHO_REPLY || type == ICMP_TIMESTAMP_REPLY;
	flow->is_icmp_error = type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER;
	return flow->is_icmp_reply || flow->is_icmp_error || type == ICMP_ECHO || type == ICMP_TIMESTAMP;
}

static __always_inline bool is_fragment(const struct flow *flow)
{
	return flow->ip.frag_off & bpf_htons(IPV4_ANY_FRAGMENT);
}

static __always_inline bool is_later_fragment(const struct flow *flow)
{
	return flow->ip.frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET);
}

static __always_inline bool is_first_fragment(const struct flow *flow)
{
	return is_fragment(flow) && !is_later_fragment(flow);
}

/*
 * Whether the flow has ports that distinguish connections. Later fragments and unknown protocols have none; only a
 * floating address can translate those.
 */
static __always_inline bool has_ports(const struct flow *flow)
{
	return flow->protocol != NAT_ANY;
}

/* False: the packet is damaged, or xvnet cannot update the checksum of its protocol. */
static __always_inline bool read_flow(struct packet *packet, struct flow *flow)
{
	__u32 length;

	if (packet->ethertype != bpf_htons(ETH_P_IP) || !read_header(packet, flow))
		return false;
	length = bpf_ntohs(flow->ip.tot_len);
	if (length < flow->header || network_offset(packet, flow) + length > hook_length(packet))
		return false;
	flow->protocol = NAT_ANY;
	if (is_later_fragment(flow))
		return true;
	switch (flow->ip.protocol) {
	case IPPROTO_TCP:
		return read_tcp(packet, flow, length - flow->header);
	case IPPROTO_UDP:
		return read_udp(packet, flow, length - flow->header);
	case IPPROTO_ICMP:
		return read_icmp(packet, flow, length - flow->header);
	case IPPROTO_DCCP:
	case IPPROTO_UDPLITE:
		return false;
	default:
		return true;
	}
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

/* The quoted IPv4 header must be complete and undamaged. read_quoted() checks that 8 bytes follow. */
static __always_inline bool read_quoted_header(struct packet *packet, struct flow *quoted)
{
	if (!read_header(packet, quoted) || quoted->ip.frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET))
		return false;
	return quoted->header > sizeof(quoted->ip) || is_header_undamaged(&quoted->ip);
}

static __always_inline bool read_quoted(struct packet *packet, const struct flow *error, struct flow *quoted)
{
	quoted->start = error->header + ICMP_HEADER_SIZE;
	if (!read_quoted_header(packet, quoted))
		return false;
	switch (quoted->ip.protocol) {
	case IPPROTO_TCP:
		quoted->protocol = NAT_TCP;
		return read_transport_ports(packet, quoted);
	case IPPROTO_UDP:
		return read_udp(packet, quoted, sizeof(struct udphdr));
	case IPPROTO_ICMP:
		return read_icmp(packet, quoted, ICMP_HEADER_SIZE) && !quoted->is_icmp_error;
	default:
		return false;
	}
}

/* RFC 1812, 5.3.1. The TTL shares a 16-bit word with the protocol. */
static __always_inline bool decrease_ttl(struct packet *packet, const struct flow *flow)
{
	struct iphdr *ip = ip_header(packet, flow);

	if (!ip)
		return false;
	ip->ttl = flow->ip.ttl - 1;
	follow_change(ip, bpf_htons(flow->ip.ttl << 8), bpf_htons(ip->ttl << 8));
	return true;
}
