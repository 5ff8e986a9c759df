/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The public addresses (maps/nat_addresses.h), and which frames are for one of them.
 *
 * reads    ifindex, ethertype
 * lookups  nat_addresses
 */
#pragma once

#include <linux/ip.h>

#include "arp.h"
#include "lpm.h"

static __always_inline struct nat_address *find_public(__be32 ipv4)
{
	struct address address = to_address(ipv4);

	return bpf_map_lookup_elem(&nat_addresses, &address);
}

/* The IPv4 destination of the frame, or the address that an ARP packet asks for. */
static __always_inline bool read_destination(struct packet *packet, __be32 *ipv4)
{
	struct arp_packet arp;
	struct iphdr *ip;

	if (packet->ethertype == bpf_htons(ETH_P_ARP) && read_arp(packet, &arp)) {
		*ipv4 = arp.target;
		return true;
	}
	ip = hook_bytes(packet, header_offset(packet), sizeof(*ip));
	if (packet->ethertype != bpf_htons(ETH_P_IP) || !ip)
		return false;
	*ipv4 = ip->daddr;
	return true;
}

static __always_inline bool is_for_public(struct packet *packet)
{
	__be32 ipv4 = 0;

	return read_destination(packet, &ipv4) && (find_public(ipv4) || find_route(ROUTE_INSIDE, 0, ipv4));
}

/* Whether a network may have the port of this address of the host. */
static __always_inline bool is_in_range(const struct nat_address *public, __u16 port)
{
	return public->flags & NAT_ADDRESS_OF_HOST && public->first && port >= public->first && port <= public->last;
}

/*
 * The public address that an ARP request asks for, if the program on this uplink has to reply. The host replies for its
 * own addresses.
 */
static __always_inline struct nat_address *asked_for(struct packet *packet, const struct arp_packet *arp)
{
	struct nat_address *public = arp->operation == bpf_htons(ARP_REQUEST) ? find_public(arp->target) : NULL;

	if (!public || public->flags & NAT_ADDRESS_OF_HOST || public->uplink != packet->ifindex)
		return NULL;
	return public;
}
