/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * find_receiver, check_receiver, send_to_receiver: deliver a frame to a VM by its inside address, as its gateway. They
 * find the port and the MAC. If the MAC is unknown, request_mac sends an ARP request instead of the frame.
 *
 * reads    length, network_id
 * sets     length, target, refused
 * reasons  HOST_UNREACHABLE, ANSWER_FAILED, MAC_UNKNOWN, ANSWERED, TTL_EXCEEDED, NOT_TRANSLATABLE
 * lookups  addresses, gateways
 */
#pragma once

#include "../lib/arp.h"
#include "../lib/flow.h"
#include "reply.h"

struct receiver {
	__u32 ifindex;
	__be32 address;
	__u8 mac[ETH_ALEN];
};

/* The port that has the address in the packet's network at present. */
static __always_inline enum reason find_receiver(struct packet *packet, __be32 address, struct receiver *receiver)
{
	struct address_key key = {.network = packet->network_id, .address = to_address(address)};
	struct address_entry *entry = bpf_map_lookup_elem(&addresses, &key);

	if (!entry || !entry->ifindex)
		return REASON_HOST_UNREACHABLE;
	receiver->ifindex = entry->ifindex;
	receiver->address = address;
	__builtin_memcpy(receiver->mac, is_zero_mac(entry->mac) ? entry->seen_mac : entry->mac, ETH_ALEN);
	return REASON_CONTINUE;
}

#define ARP_TARGET_END (sizeof(struct ethhdr) + offsetof(struct arp_packet, target) + sizeof(__be32))

/*
 * The ARP request inherits the frame's partial checksum. For UDP its field is the last word of the target address. Some
 * receivers finish the checksum, others read the field as it is. A word of padding makes the result equal to that word
 * of the address. The sum covers only the target address and this padding; all other summed bytes are zero.
 */
static __noinline bool balance_arp_request(struct packet *packet, __be32 target)
{
	struct partial_checksum partial;
	__be16 words[2];
	__be16 padding;

	if (!hook_has_partial_checksum(packet))
		return true;
	partial = hook_partial_checksum(packet);
	if (partial.start + partial.offset != ARP_TARGET_END - sizeof(words[1]))
		return true;
	__builtin_memcpy(words, &target, sizeof(words));
	padding = ~fold_checksum((__u32)words[0] + words[1] + words[1]);
	return hook_write(packet, ARP_TARGET_END, &padding, sizeof(padding));
}

/* The ARP request replaces the frame. The sender will retransmit if it needs to. */
static __noinline enum reason request_mac(struct packet *packet, const struct receiver *receiver)
{
	struct gateway *gateway = bpf_map_lookup_elem(&gateways, &packet->network_id);
	struct {
		struct ethhdr eth;
		struct arp_packet arp;
		__u8 padding[ETH_ZLEN - sizeof(struct ethhdr) - sizeof(struct arp_packet)];
	} __attribute__((packed)) request = {
		.eth = {.h_dest = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, .h_proto = bpf_htons(ETH_P_ARP)},
		.arp = {.hardware = bpf_htons(ARP_HARDWARE_ETHERNET),
			.protocol = bpf_htons(ETH_P_IP),
			.hardware_size = ETH_ALEN,
			.protocol_size = sizeof(__be32),
			.operation = bpf_htons(ARP_REQUEST),
			.target = receiver->address},
	};
	enum reason reason = pop_tag(packet);
	__u32 asked = packet->length;

	if (reason)
		return reason;
	if (!gateway || !hook_resize(packet, sizeof(request)))
		return REASON_ANSWER_FAILED;
	request.arp.sender = ipv4_of(&gateway->address);
	set_gateway_mac(request.eth.h_source);
	set_gateway_mac(request.arp.sender_mac);
	packet->refused = REASON_MAC_UNKNOWN;
	packet->length = sizeof(request);
	reason = write_reply(packet, &request, sizeof(request));
	if (!reason)
		reason = balance_arp_request(packet, receiver->address) ? redirect(packet, receiver->ifindex)
									: REASON_ANSWER_FAILED;
	packet->length = asked;
	return reason == REASON_FORWARDED ? REASON_ANSWERED : reason;
}

static __always_inline enum reason check_receiver(struct packet *packet, const struct flow *flow,
						  const struct receiver *receiver)
{
	enum reason reason;

	packet->target = receiver->ifindex;
	if (flow->ip.ttl <= 1)
		return REASON_TTL_EXCEEDED;
	reason = check_member_apart(packet, receiver->ifindex);
	if (reason)
		return reason;
	return is_zero_mac(receiver->mac) ? request_mac(packet, receiver) : REASON_CONTINUE;
}

static __always_inline enum reason send_to_receiver(struct packet *packet, const struct flow *flow,
						    const struct receiver *receiver)
{
	__u8 gateway_mac[ETH_ALEN];

	set_gateway_mac(gateway_mac);
	if (!decrease_ttl(packet, flow) || !write_macs(packet, receiver->mac, gateway_mac))
		return REASON_NOT_TRANSLATABLE;
	return redirect(packet, receiver->ifindex);
}
