/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * DHCP messages, recognized by their UDP ports (RFC 2131).
 *
 * reads    ethertype, destination_mac, network_id, network
 */
#pragma once

#include <linux/in.h>
#include <linux/ip.h>

#include "gateway.h"
#include "ipv4.h"

#define DHCP_SERVER_PORT bpf_htons(67)
#define DHCP_CLIENT_PORT bpf_htons(68)

struct udp_ports {
	__be16 source;
	__be16 destination;
};

static __always_inline bool has_dhcp(const struct packet *packet)
{
	return packet->network->flags & NETWORK_DHCP && packet->ethertype == bpf_htons(ETH_P_IP);
}

/* The ports of a UDP datagram, or of its first fragment. */
static __always_inline bool read_ports(struct packet *packet, struct udp_ports *ports)
{
	struct iphdr *ip = hook_bytes(packet, header_offset(packet), sizeof(*ip));
	struct udp_ports *bytes;

	if (!ip || ip->protocol != IPPROTO_UDP || ip->frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET))
		return false;
	bytes = hook_bytes(packet, header_offset(packet) + ip->ihl * 4, sizeof(*bytes));
	if (!bytes)
		return false;
	*ports = *bytes;
	return true;
}

/* Clients take a reply from any port. */
static __noinline bool is_dhcp_reply(struct packet *packet)
{
	struct udp_ports ports;

	return read_ports(packet, &ports) && ports.destination == DHCP_CLIENT_PORT;
}

/* A request is broadcast, or to the gateway. Other addresses belong to other servers or relays (RFC 3046). */
static __noinline bool is_dhcp_request(struct packet *packet)
{
	struct udp_ports ports;
	struct iphdr *ip;
	__be32 server;

	if (!read_ports(packet, &ports) || ports.destination != DHCP_SERVER_PORT)
		return false;
	ip = hook_bytes(packet, header_offset(packet), sizeof(*ip));
	if (!ip)
		return false;
	server = ip->daddr;
	return server == bpf_htonl(0xffffffff) || is_gateway_address(packet->network_id, server);
}

static __always_inline bool is_dhcp_to_server(struct packet *packet)
{
	bool is_for_us = is_multicast(packet->destination_mac) || is_gateway_mac(packet->destination_mac);

	return has_dhcp(packet) && is_for_us && is_dhcp_request(packet);
}
