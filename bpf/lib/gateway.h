/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The gateway of a network: its MAC, which is the same in every network, and its address.
 *
 * reads    destination_mac, network
 * lookups  gateways
 */
#pragma once

#include "address.h"
#include "eth.h"

#define GATEWAY_TTL 64 /* default TTL of RFC 1700 */

/*
 * Written byte by byte, so that the compiler keeps the constant in the instructions. A constant in .rodata is a map,
 * and each load creates its own. The loader recognizes libxdp's copy of a program by its instructions and its maps, so
 * that map would make the copy look like another version.
 */
static __always_inline void set_gateway_mac(__u8 mac[ETH_ALEN])
{
	const __u8 gateway[ETH_ALEN] = GATEWAY_MAC;

	for (int i = 0; i < ETH_ALEN; i++)
		mac[i] = gateway[i];
}

static __always_inline bool is_gateway_mac(const __u8 mac[ETH_ALEN])
{
	const __u8 gateway[ETH_ALEN] = GATEWAY_MAC;
	__u8 difference = 0;

	for (int i = 0; i < ETH_ALEN; i++)
		difference |= mac[i] ^ gateway[i];
	return !difference;
}

static __always_inline bool is_for_gateway(const struct packet *packet)
{
	return packet->network->flags & NETWORK_GATEWAY && is_gateway_mac(packet->destination_mac);
}

static __always_inline bool is_gateway_address(__u32 network_id, __be32 ipv4)
{
	struct gateway *gateway = bpf_map_lookup_elem(&gateways, &network_id);
	struct address address = to_address(ipv4);

	return gateway && !__builtin_memcmp(&gateway->address, &address, sizeof(address));
}

static __always_inline __be32 gateway_address(__u32 network_id)
{
	struct gateway *gateway = bpf_map_lookup_elem(&gateways, &network_id);

	return gateway ? ipv4_of(&gateway->address) : 0;
}
