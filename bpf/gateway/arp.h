/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * reply_to_arp: replies to ARP requests for the address of the gateway or of a port. A request that only one port can
 * reply to goes to that port alone. It records the MAC with which a port uses its address, and the port that announces
 * a shared address. A reply to the gateway ends here.
 *
 * It applies only to networks with a subnet. In all others it costs a test of flags that are already loaded.
 *
 * reads    ifindex, ethertype, destination_mac, source_mac, network_id, network, target
 * sets     destination, target, verdict
 * reasons  ANSWERED
 * lookups  devices, addresses
 */
#pragma once

#include "../lib/arp.h"
#include "reply.h"
#include "source_filter.h"

static __always_inline void note_arp_sender(struct packet *packet, const struct arp_packet *arp)
{
	struct address_key key = {.network = packet->network_id, .address = to_address(arp->sender)};
	struct address_entry *entry = bpf_map_lookup_elem(&addresses, &key);

	if (!entry)
		return;
	if (entry->ifindex == packet->ifindex || claims_address(packet, entry, arp->sender, arp->sender == arp->target))
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
	return write_reply(packet, &reply, sizeof(reply));
}

static __always_inline enum reason send_arp_reply(struct packet *packet, const struct arp_packet *request,
						  const __u8 mac[ETH_ALEN])
{
	return begin_reply(packet) ?: write_arp_reply(packet, request, mac) ?: send_back(packet);
}

/*
 * Replies for the address of another port. A request from the port that has the address is a probe or an announcement
 * (RFC 5227), and is flooded.
 */
static __always_inline enum reason reply_for_port(struct packet *packet, const struct arp_packet *request)
{
	struct address_key key = {.network = packet->network_id, .address = to_address(request->target)};
	struct address_entry *entry = bpf_map_lookup_elem(&addresses, &key);

	if (!entry || !entry->ifindex || entry->ifindex == packet->ifindex)
		return REASON_CONTINUE;
	/* A stale entry may name the uplink by now, which must not get a frame without its tag. */
	if (entry->ifindex == packet->network->uplink)
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
static __always_inline enum reason consume_arp_reply(struct packet *packet, const struct arp_packet *arp)
{
	if (arp->operation != bpf_htons(ARP_REPLY) || !is_for_gateway(packet))
		return REASON_CONTINUE;
	packet->verdict = hook_drop();
	return REASON_ANSWERED;
}

static __noinline enum reason handle_arp(struct packet *packet)
{
	__u8 gateway_mac[ETH_ALEN];
	struct arp_packet arp;

	if (!read_arp(packet, &arp))
		return REASON_CONTINUE;
	note_arp_sender(packet, &arp);
	if (arp.operation != bpf_htons(ARP_REQUEST))
		return consume_arp_reply(packet, &arp);
	set_gateway_mac(gateway_mac);
	if (is_gateway_address(packet->network_id, arp.target))
		return send_arp_reply(packet, &arp, gateway_mac);
	return is_multicast(packet->destination_mac) ? reply_for_port(packet, &arp) : REASON_CONTINUE;
}

static __always_inline enum reason reply_to_arp(struct packet *packet)
{
	if (!packet->network->flags || packet->ethertype != bpf_htons(ETH_P_ARP))
		return REASON_CONTINUE;
	return handle_arp(packet);
}
