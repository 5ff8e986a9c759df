/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * pass_services_to_tc, pass_public_to_tc: XDP passes to tc what a service of the network or the NAT has to handle.
 * pass_unsafe_to_tc: XDP passes to tc each frame that it could damage.
 * The tc program of the same interface gets the frame unmodified. XDP decides nowhere else what it leaves to tc.
 *
 * An sk_buff stores a partial checksum and a segmentation offload beside the bytes, where XDP cannot see them. So XDP
 * carries a frame only if
 *   - it has exactly one receiver that accepts XDP frames: XDP cannot copy, and cannot reach the host's stack;
 *   - it is in one buffer, which every driver can transmit;
 *   - it is not an sk_buff yet: a redirect would keep the sender's offloads and bypass tc, which checks them; and
 *   - no checksum in it can be partial: the operator or the hardware guarantees that, or the bytes prove it.
 *
 * The bytes prove it for ARP, which has no checksum. They prove it for TCP and ICMP if the field is not the sum of the
 * pseudo-header alone, which is what the sender of a partial checksum stores there. A segmentation offload always comes
 * with a partial checksum. UDP always goes to tc, because it may be a tunnel with a partial checksum inside; so does
 * every other protocol. A wrong "partial" costs only the slower path through tc. docs/packet-path.md has the full
 * argument.
 *
 * reads    ethertype, network, source_flags, destination, target_flags
 * reasons  PASS_TO_TC
 */
#pragma once

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stddef.h>

#include "../lib/checksum.h"
#include "../lib/dhcp.h"
#include "../lib/gateway.h"
#include "../lib/public.h"

/*
 * The transport header, and the sum of the addresses in its pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1). The sum is an
 * unfolded ones' complement sum.
 */
struct transport {
	__u32 address_sum;
	__u32 offset; /* offset in the frame */
	__u32 length;
	__u8 protocol;
};

/* Some senders leave the length out of the pseudo-header's sum if they also leave segmentation to the device. */
static __always_inline enum reason prove_field(struct packet *packet, const struct transport *transport,
					       __u32 field_offset)
{
	__be16 *field = hook_bytes(packet, transport->offset + field_offset, sizeof(*field));
	__u32 without_length = transport->address_sum + bpf_htons(transport->protocol);

	if (transport->protocol == IPPROTO_ICMP)
		without_length = 0;
	if (!field || same_checksum(*field, fold_checksum(without_length)))
		return REASON_PASS_TO_TC;
	if (transport->protocol == IPPROTO_ICMP)
		return REASON_CONTINUE;
	if (same_checksum(*field, fold_checksum(without_length + bpf_htons(transport->length))))
		return REASON_PASS_TO_TC;
	return REASON_CONTINUE;
}

static __always_inline enum reason prove_transport(struct packet *packet, const struct transport *transport)
{
	switch (transport->protocol) {
	case IPPROTO_TCP:
		return prove_field(packet, transport, offsetof(struct tcphdr, check));
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return prove_field(packet, transport, ICMP_CHECKSUM_OFFSET);
	default:
		return REASON_PASS_TO_TC;
	}
}

static __always_inline enum reason prove_ipv4(struct packet *packet, __u32 offset)
{
	struct iphdr *ip = hook_bytes(packet, offset, sizeof(*ip));
	struct transport transport;
	__u32 header;

	if (!ip || ip->frag_off & bpf_htons(IPV4_ANY_FRAGMENT))
		return REASON_PASS_TO_TC;
	header = ip->ihl * 4;
	if (header < sizeof(*ip) || header > IPV4_MAX_HEADER || bpf_ntohs(ip->tot_len) < header ||
	    offset + bpf_ntohs(ip->tot_len) > hook_length(packet))
		return REASON_PASS_TO_TC;
	transport = (struct transport){
		.address_sum = sum_words((__be16 *)&ip->saddr, 4),
		.offset = offset + header,
		.length = bpf_ntohs(ip->tot_len) - header,
		.protocol = ip->protocol,
	};
	return prove_transport(packet, &transport);
}

/* If there is an extension header, nexthdr is not one of the protocols below. */
static __always_inline enum reason prove_ipv6(struct packet *packet, __u32 offset)
{
	struct ipv6hdr *ip = hook_bytes(packet, offset, sizeof(*ip));
	struct transport transport;

	if (!ip || ip->nexthdr == IPPROTO_ICMP ||
	    offset + sizeof(*ip) + bpf_ntohs(ip->payload_len) > hook_length(packet))
		return REASON_PASS_TO_TC;
	transport = (struct transport){
		.address_sum = sum_words((__be16 *)&ip->saddr, 16),
		.offset = offset + sizeof(*ip),
		.length = bpf_ntohs(ip->payload_len),
		.protocol = ip->nexthdr,
	};
	return prove_transport(packet, &transport);
}

static __always_inline enum reason prove_checksum(struct packet *packet)
{
	__u32 offset = header_offset(packet);

	switch (packet->ethertype) {
	case bpf_htons(ETH_P_ARP):
		return REASON_CONTINUE;
	case bpf_htons(ETH_P_IP):
		return prove_ipv4(packet, offset);
	case bpf_htons(ETH_P_IPV6):
		return prove_ipv6(packet, offset);
	default:
		return REASON_PASS_TO_TC;
	}
}

/* Only tc may send to the host's interface, because check_host_address runs there. */
static __always_inline bool accepts_xdp(const struct packet *packet)
{
	return (packet->target_flags & (INTERFACE_XDP_TARGET | INTERFACE_TO_HOST)) == INTERFACE_XDP_TARGET;
}

static __always_inline enum reason pass_unsafe_to_tc(struct packet *packet)
{
	bool one_target = packet->destination == DESTINATION_PORT || packet->destination == DESTINATION_UPLINK;

	if (!one_target || !accepts_xdp(packet) || !hook_is_linear(packet))
		return REASON_PASS_TO_TC;
	if (packet->source_flags & INTERFACE_XDP_ON_SK_BUFFS && hook_is_sk_buff(packet))
		return REASON_PASS_TO_TC;
	return packet->source_flags & INTERFACE_CHECKSUMS_COMPLETE ? REASON_CONTINUE : prove_checksum(packet);
}

/* The services of a network: ARP, DHCP and the gateway. */
static __always_inline bool is_for_service(struct packet *packet)
{
	return (packet->network->flags && packet->ethertype == bpf_htons(ETH_P_ARP)) || is_dhcp_to_server(packet) ||
	       is_for_gateway(packet);
}

static __always_inline enum reason pass_services_to_tc(struct packet *packet)
{
	return is_for_service(packet) ? REASON_PASS_TO_TC : REASON_CONTINUE;
}

/* XDP does not know the interface's MAC, so tc checks whether the frame is for the host. */
static __always_inline enum reason pass_public_to_tc(struct packet *packet)
{
	if (!(packet->source_flags & INTERFACE_NAT) || is_of_vlan(packet) || !is_for_public(packet))
		return REASON_CONTINUE;
	return REASON_PASS_TO_TC;
}
