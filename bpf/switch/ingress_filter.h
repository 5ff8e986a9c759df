/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The refuse_ stages drop what a VM or the wire must not send, on either hook.
 * pass_to_host: passes it to the host instead, in an untagged network.
 *
 * reads    tag_type, ethertype, destination_mac, source_mac, network_id, network
 * reasons  VLAN_TAGGED, BAD_SOURCE_MAC, LINK_LOCAL_CONTROL, NOT_OURS, GATEWAY_SPOOFED, NOT_ROUTED, ROGUE_DHCP_SERVER
 */
#pragma once

#include "../lib/arp.h"
#include "../lib/dhcp.h"
#include "../lib/eth.h"
#include "../lib/gateway.h"

#define ETH_P_MAC_CONTROL 0x8808 /* IEEE 802.3, annex 31: PAUSE and other MAC control frames */

/*
 * The rule of an access port (IEEE 802.1Q, 6.9): only untagged and priority-tagged frames are allowed. A priority tag
 * in front of another tag is refused too, because removing it would make the inner tag the outer one.
 */
static __always_inline enum reason refuse_tagged(struct packet *packet)
{
	if (!packet->tag_type)
		return REASON_CONTINUE;
	if (packet->tag_type != bpf_htons(ETH_P_8021Q) || outer_vid(packet) || is_vlan_ethertype(packet->ethertype))
		return REASON_VLAN_TAGGED;
	return REASON_CONTINUE;
}

static __always_inline enum reason refuse_bad_source(struct packet *packet)
{
	const __u8 *mac = packet->source_mac;

	if (is_multicast(mac) || is_zero_mac(mac))
		return REASON_BAD_SOURCE_MAC;
	return REASON_CONTINUE;
}

/*
 * Frames to 01-80-c2-00-00-0x never leave their link (IEEE 802.1Q, table 8-1), nor do Cisco's CDP, VTP and PVST+, nor
 * PAUSE.
 */
static __always_inline bool is_link_local_control(const struct packet *packet)
{
	const __u8 *mac = packet->destination_mac;

	if (packet->ethertype == bpf_htons(ETH_P_MAC_CONTROL))
		return true;
	if (mac[0] != 0x01)
		return false;
	if (mac[1] == 0x80 && mac[2] == 0xc2)
		return !mac[3] && !mac[4] && mac[5] < 0x10;
	return mac[1] == 0x00 && mac[2] == 0x0c && mac[3] == 0xcc && mac[4] == 0xcc && mac[5] >= 0xcc && mac[5] <= 0xcd;
}

static __always_inline enum reason refuse_link_local(struct packet *packet)
{
	return is_link_local_control(packet) ? REASON_LINK_LOCAL_CONTROL : REASON_CONTINUE;
}

/*
 * On an untagged uplink the host receives control frames (LLDP, LACP, STP) and bad sources, as without xvnet. In a
 * tenant's VLAN they are dropped.
 */
static __always_inline enum reason pass_to_host(struct packet *packet, enum reason reason)
{
	return reason && host_is_member(packet) ? REASON_NOT_OURS : reason;
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
	return is_gateway_address(packet->network_id, sender);
}

static __always_inline enum reason refuse_false_gateway(struct packet *packet)
{
	if (!(packet->network->flags & NETWORK_GATEWAY))
		return REASON_CONTINUE;
	if (is_gateway_mac(packet->source_mac))
		return REASON_GATEWAY_SPOOFED;
	if (packet->ethertype == bpf_htons(ETH_P_ARP) && claims_gateway(packet))
		return REASON_GATEWAY_SPOOFED;
	return REASON_CONTINUE;
}

static __always_inline enum reason refuse_to_gateway(struct packet *packet)
{
	return is_for_gateway(packet) ? REASON_NOT_ROUTED : REASON_CONTINUE;
}

static __always_inline enum reason refuse_dhcp_server(struct packet *packet)
{
	return has_dhcp(packet) && is_dhcp_reply(packet) ? REASON_ROGUE_DHCP_SERVER : REASON_CONTINUE;
}
