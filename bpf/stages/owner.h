/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The VM that has a public port: whose network the frame is in then, and how it gets there. A forward's is whichever has
 * the inside address now, and is asked for its MAC when it has not been seen yet.
 *
 * sets     network, segment, refused, verdict
 * returns  TTL_EXCEEDED, NOT_TRANSLATABLE, NO_DEVICE; FORWARDED, ANSWERED, and those of check_member
 * lookups  nat_slots, networks, nat_networks; those of session.h; of a forward addresses; those of check_member
 */
#pragma once

#include "enter.h"
#include "neighbour.h"
#include "session.h"
#include "translate.h"

/* Only a VM whose address it is answers whatever comes; else a port was spoken from, or an ICMP query's answer is due. */
static __always_inline bool may_be_for_vm(const struct flow *flow, const struct nat_address *public)
{
	if (public->flags & NAT_ADDRESS_FLOATING)
		return true;
	return has_ports(flow) && (flow->protocol != NAT_ICMP || flow->is_icmp_reply);
}

/* Who has the public port, or a floating address, that a frame is for: the network's table is gone before its slots are. */
static __always_inline bool enter_by_slot(struct packet *packet, struct translation *translation, __u16 port,
					  __u8 protocol)
{
	struct nat_slot *slot;

	translation->outside.port = translation->is_floating ? 0 : port;
	translation->outside.protocol = translation->is_floating ? NAT_ANY : protocol;
	slot = bpf_map_lookup_elem(&nat_slots, &translation->outside);
	if (!slot || !is_live(slot, translation->now))
		return false;
	translation->slot = slot;
	if (enter_network(packet, slot->network, REASON_NAT_UNKNOWN) || !(packet->segment->flags & NETWORK_NAT))
		return false;
	translation->rules = bpf_map_lookup_elem(&nat_networks, &packet->network);
	if (!translation->rules)
		return false;
	translation->range = range_for(translation->rules, ipv4_of(&slot->inside));
	return true;
}

/* The remote may speak to the mapping: it was spoken to, or everybody may. */
static __always_inline bool may_enter(struct packet *packet, struct translation *translation, __be32 remote, __u16 port)
{
	return note_session(packet, translation, remote, port, false) != SESSION_NONE ||
	       translation->rules->flags & NAT_ANY_REMOTE;
}

/* Of a forward, whose slot only a VM's own frames would keep right. */
static __always_inline enum reason find_owner(struct nat_slot *slot)
{
	struct address_key key = {.network = slot->network, .address = slot->inside};
	struct address_entry *entry = bpf_map_lookup_elem(&addresses, &key);

	if (!entry || !entry->ifindex)
		return REASON_NO_DEVICE;
	slot->ifindex = entry->ifindex;
	__builtin_memcpy(slot->mac, is_zero_mac(entry->mac) ? entry->seen_mac : entry->mac, ETH_ALEN);
	return REASON_CONTINUE;
}

/* Instead of the frame, which whoever sent it sends again. */
static __noinline enum reason ask_owner(struct packet *packet, const struct nat_slot *slot)
{
	struct gateway *gateway = bpf_map_lookup_elem(&gateways, &packet->network);
	struct {
		struct ethhdr eth;
		struct arp_packet arp;
		__u8 padding[ETH_ZLEN - sizeof(struct ethhdr) - sizeof(struct arp_packet)];
	} __attribute__((packed)) question = {
		.eth = {.h_dest = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, .h_proto = bpf_htons(ETH_P_ARP)},
		.arp = {.hardware = bpf_htons(ARP_HARDWARE_ETHERNET),
			.protocol = bpf_htons(ETH_P_IP),
			.hardware_size = ETH_ALEN,
			.protocol_size = sizeof(__be32),
			.operation = bpf_htons(ARP_REQUEST),
			.target = ipv4_of(&slot->inside)},
	};
	enum reason reason = pop_tag(packet);
	__u32 asked = packet->length;

	if (reason)
		return reason;
	if (!gateway || !hook_resize(packet, sizeof(question)))
		return REASON_ANSWER_FAILED;
	question.arp.sender = ipv4_of(&gateway->address);
	set_gateway_mac(question.eth.h_source);
	set_gateway_mac(question.arp.sender_mac);
	packet->refused = REASON_MAC_UNKNOWN;
	packet->length = sizeof(question);
	reason = write_answer(packet, &question, sizeof(question)) ?: redirect(packet, slot->ifindex);
	packet->length = asked;
	return reason == REASON_FORWARDED ? REASON_ANSWERED : reason;
}

static __noinline enum reason check_owner(struct packet *packet, const struct translation *translation)
{
	struct nat_slot *slot = translation->slot;
	enum reason reason = is_forward(slot) ? find_owner(slot) : REASON_CONTINUE;

	if (reason)
		return reason;
	if (translation->flow.ip.ttl <= 1)
		return REASON_TTL_EXCEEDED;
	reason = check_member(packet, slot->ifindex);
	if (reason)
		return reason;
	return is_zero_mac(slot->mac) ? ask_owner(packet, slot) : REASON_CONTINUE;
}

static __always_inline bool translate_to_owner(struct packet *packet, const struct translation *translation)
{
	const struct flow *flow = &translation->flow;
	struct nat_slot *slot = translation->slot;
	__u16 port = translation->is_floating ? flow->destination : slot->port;

	return translate(packet, flow, SIDE_DESTINATION, ipv4_of(&slot->inside), port);
}

static __always_inline enum reason send_to_owner(struct packet *packet, const struct translation *translation)
{
	struct nat_slot *slot = translation->slot;
	__u8 gateway_mac[ETH_ALEN];

	set_gateway_mac(gateway_mac);
	if (!decrease_ttl(packet, &translation->flow) || !write_macs(packet, slot->mac, gateway_mac))
		return REASON_NOT_TRANSLATABLE;
	__sync_fetch_and_add(&slot->bytes_in, bpf_ntohs(translation->flow.ip.tot_len));
	return redirect(packet, slot->ifindex);
}
