/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * refuse_false_gateway: drops frames that claim to come from the network's gateway, which is the program itself.
 * answer_arp: replies to ARP requests for the address of the gateway or of a port. A request that only one port can
 * answer goes to that port alone. It records the MAC with which a port uses its address, and the port that announces a
 * shared address. A reply to the gateway ends here.
 *
 * Both apply only to networks with a subnet. In all others they cost a test of flags that are already loaded.
 *
 * reads    ifindex, source_mac, destination_mac, ethertype, tag_in_frame, network, segment
 * sets     destination, target for a request that only one port can answer; verdict; those of answer.h
 * returns  GATEWAY_SPOOFED; ANSWERED, LEAVE_TO_TC, and those of answer.h
 * lookups  for ARP: gateways, addresses, allowed, devices; for a reply those of check_member, and stats
 */
#pragma once

#include "answer.h"
#include "arp.h"

static __always_inline bool read_arp(struct packet *packet, struct arp_packet *arp)
{
	struct arp_packet *bytes = hook_bytes(packet, header_offset(packet), sizeof(*bytes));

	if (packet->ethertype != bpf_htons(ETH_P_ARP) || !bytes)
		return false;
	__builtin_memcpy(arp, bytes, sizeof(*arp));
	return is_ipv4_arp(arp);
}

/*
 * Receivers accept different hardware types and sizes as Ethernet; Linux accepts types 1 and 6 (IEEE 802). All of them
 * read the sender's address at its offset in Ethernet's format. So the gateway's address must not appear there,
 * whatever the other fields are.
 */
static __noinline bool claims_gateway(struct packet *packet)
{
	struct arp_packet *arp = hook_bytes(packet, header_offset(packet), sizeof(*arp));
	__be32 sender;

	if (!arp)
		return false;
	sender = arp->sender;
	return is_gateway_address(packet->network, sender);
}

static __always_inline enum reason refuse_false_gateway(struct packet *packet)
{
	if (!(packet->segment->flags & NETWORK_GATEWAY))
		return REASON_CONTINUE;
	if (is_gateway_mac(packet->source_mac))
		return REASON_GATEWAY_SPOOFED;
	if (packet->ethertype == bpf_htons(ETH_P_ARP) && claims_gateway(packet))
		return REASON_GATEWAY_SPOOFED;
	return REASON_CONTINUE;
}

/* Records the MAC with which the port uses its address. */
static __always_inline void note_mac(struct packet *packet, struct address_entry *entry)
{
	if (__builtin_memcmp(entry->seen_mac, packet->source_mac, ETH_ALEN))
		__builtin_memcpy(entry->seen_mac, packet->source_mac, ETH_ALEN);
}

/* A shared address belongs to the port that announces it. While no port has it, the first port that uses it gets it. */
static __noinline bool takes_address(struct packet *packet, struct address_entry *entry, __be32 address, bool announces)
{
	struct allowed_key key = {.ifindex = packet->ifindex, .address = to_address(address)};
	__u32 *network;

	if (!entry || !(entry->flags & ADDRESS_SHARED) || (entry->ifindex && !announces))
		return false;
	network = bpf_map_lookup_elem(&allowed, &key);
	if (!network || *network != packet->network)
		return false;
	entry->ifindex = packet->ifindex;
	return true;
}

static __always_inline void note_arp_sender(struct packet *packet, const struct arp_packet *arp)
{
	struct address_key key = {.network = packet->network, .address = to_address(arp->sender)};
	struct address_entry *entry = bpf_map_lookup_elem(&addresses, &key);

	if (!entry)
		return;
	if (entry->ifindex == packet->ifindex || takes_address(packet, entry, arp->sender, arp->sender == arp->target))
		note_mac(packet, entry);
}

static __always_inline enum reason write_arp_reply(struct packet *packet, const struct arp_packet *request,
						   const __u8 mac[ETH_ALEN])
{
	struct {
		struct ethhdr eth;
		struct arp_packet arp;
	} __attribute__((packed)) reply = {
		.eth.h_proto = bpf_htons(ETH_P_ARP),
		.arp = *request,
	};

	__builtin_memcpy(reply.eth.h_dest, packet->source_mac, ETH_ALEN);
	__builtin_memcpy(reply.eth.h_source, mac, ETH_ALEN);
	reply.arp.operation = bpf_htons(ARP_REPLY);
	__builtin_memcpy(reply.arp.sender_mac, mac, ETH_ALEN);
	reply.arp.sender = request->target;
	__builtin_memcpy(reply.arp.target_mac, request->sender_mac, ETH_ALEN);
	reply.arp.target = request->sender;
	return write_answer(packet, &reply, sizeof(reply));
}

static __always_inline enum reason send_arp_reply(struct packet *packet, const struct arp_packet *request,
						  const __u8 mac[ETH_ALEN])
{
	return begin_answer(packet) ?: write_arp_reply(packet, request, mac) ?: send_back(packet);
}

/*
 * Replies for the address of another port. A request from the port that has the address is a probe or an announcement
 * (RFC 5227), and is flooded.
 */
static __always_inline enum reason answer_for_port(struct packet *packet, const struct arp_packet *request)
{
	struct address_key key = {.network = packet->network, .address = to_address(request->target)};
	struct address_entry *entry = bpf_map_lookup_elem(&addresses, &key);

	if (!entry || !entry->ifindex || entry->ifindex == packet->ifindex)
		return REASON_CONTINUE;
	/* A stale entry may name the uplink by now, which must not get a frame without its tag. */
	if (entry->ifindex == packet->segment->uplink)
		return REASON_CONTINUE;
	/* If the device is gone, the VM may be on another host, so the request is flooded. */
	packet->target = entry->ifindex;
	if (!bpf_map_lookup_elem(&devices, &packet->target))
		return REASON_CONTINUE;
	if (!is_zero_mac(entry->mac))
		return send_arp_reply(packet, request, entry->mac);
	packet->destination = DESTINATION_PORT;
	return REASON_CONTINUE;
}

/* A reply to the gateway's own request. note_arp_sender() has recorded what it says. */
static __always_inline enum reason take_arp_reply(struct packet *packet, const struct arp_packet *arp)
{
	if (arp->operation != bpf_htons(ARP_REPLY) || !is_for_gateway(packet))
		return REASON_CONTINUE;
	packet->verdict = hook_drop();
	return REASON_ANSWERED;
}

static __noinline enum reason take_arp(struct packet *packet)
{
	__u8 gateway_mac[ETH_ALEN];
	struct arp_packet arp;

	if (!read_arp(packet, &arp))
		return REASON_CONTINUE;
	note_arp_sender(packet, &arp);
	if (arp.operation != bpf_htons(ARP_REQUEST))
		return take_arp_reply(packet, &arp);
	set_gateway_mac(gateway_mac);
	if (is_gateway_address(packet->network, arp.target))
		return send_arp_reply(packet, &arp, gateway_mac);
	return is_multicast(packet->destination_mac) ? answer_for_port(packet, &arp) : REASON_CONTINUE;
}

static __always_inline enum reason answer_arp(struct packet *packet)
{
	if (!packet->segment->flags || packet->ethertype != bpf_htons(ETH_P_ARP))
		return REASON_CONTINUE;
	return hook_keeps_offloads ? take_arp(packet) : REASON_LEAVE_TO_TC;
}
