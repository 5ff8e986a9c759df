/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * ARP (RFC 826) for IPv4, and for any hardware type with addresses of six bytes.
 *
 * reads    ethertype
 */
#pragma once

#include "eth.h"

/* Numbers of RFC 826 and IANA. linux/if_arp.h needs the headers of a C library for the target. */
#define ARP_HARDWARE_ETHERNET 1
#define ARP_REQUEST	      1
#define ARP_REPLY	      2

struct arp_packet {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_size;
	__u8 protocol_size;
	__be16 operation;
	__u8 sender_mac[ETH_ALEN];
	__be32 sender;
	__u8 target_mac[ETH_ALEN];
	__be32 target;
} __attribute__((packed));

static __always_inline bool is_ipv4_arp(const struct arp_packet *arp)
{
	return arp->protocol == bpf_htons(ETH_P_IP) && arp->hardware_size == ETH_ALEN &&
	       arp->protocol_size == sizeof(__be32);
}

static __always_inline bool read_arp(struct packet *packet, struct arp_packet *arp)
{
	struct arp_packet *bytes = hook_bytes(packet, header_offset(packet), sizeof(*bytes));

	if (packet->ethertype != bpf_htons(ETH_P_ARP) || !bytes)
		return false;
	__builtin_memcpy(arp, bytes, sizeof(*arp));
	return is_ipv4_arp(arp);
}
