/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The mappings of a network (maps/nat_mappings.h): finds the public port of an inside port, or assigns one.
 *
 * lookups  nat_mappings, nat_slots; for a new mapping those of free_port.h
 */
#pragma once

#include "free_port.h"

#define NAT_FULL_NS (4 * 1000 * 1000ull)

/* An inside address always gets the same public address (RFC 4787, REQ-2). */
static __always_inline __u32 range_for(const struct nat_network *rules, __be32 inside)
{
	return rules->range_count ? mix(inside) % rules->range_count : 0;
}

/* Must not extend a slot that another CPU has taken. */
static __always_inline void extend(__u64 *expires_ns, __u64 until)
{
	__u64 expires = *expires_ns;

	if (expires != NAT_SLOT_TAKING && until > expires + NAT_REFRESH_NS)
		__sync_val_compare_and_swap(expires_ns, expires, until);
}

/* Deletes the entry of nat_mappings that led to the slot's previous owner. */
static __always_inline void forget_former(struct translation *translation)
{
	struct nat_slot *slot = translation->slot;
	struct nat_mapping_key key = {
		.network = slot->network,
		.address = slot->inside,
		.port = slot->port,
		.protocol = translation->outside.protocol,
	};
	struct nat_mapping *mapping = bpf_map_lookup_elem(&nat_mappings, &key);

	if (mapping && mapping->port == translation->outside.port && mapping->range != NAT_RANGE_FORWARD)
		bpf_map_delete_elem(&nat_mappings, &key);
}

/*
 * Whether this is a query to a service that replies at once: DNS, NTP, NetBIOS names, SNMP. RFC 4787, REQ-5a, allows a
 * shorter timer for such well-known ports.
 */
static __always_inline bool is_query(const struct flow *flow)
{
	__u16 port = flow->destination;

	return flow->protocol == NAT_UDP && (port == 53 || port == 123 || port == 137 || port == 161);
}

static __always_inline void fill_slot(struct packet *packet, struct translation *translation)
{
	struct nat_slot *slot = translation->slot;

	slot->inside = to_address(translation->flow.ip.saddr);
	slot->network = packet->network;
	slot->ifindex = packet->ifindex;
	__builtin_memcpy(slot->mac, packet->source_mac, ETH_ALEN);
	slot->port = translation->flow.source;
	slot->established = 0;
	slot->created_s = translation->now / NAT_SECOND;
	slot->bytes_out = 0;
	slot->bytes_in = 0;
	slot->unanswered = 0;
	slot->flags = is_query(&translation->flow) ? NAT_SLOT_QUERIES : 0;
	slot->generation++;
}

/* A search through an exhausted range is expensive, so the network does not search again for NAT_FULL_NS. */
static __noinline bool make_mapping(struct packet *packet, struct translation *translation,
				    const struct nat_mapping_key *key)
{
	__u64 *full_until = &translation->rules->full_until_ns[key->protocol & 3];
	struct nat_mapping mapping;

	if (*full_until > translation->now)
		return false;
	if (!find_free_port(packet, translation)) {
		*full_until = translation->now + NAT_FULL_NS;
		return false;
	}
	forget_former(translation);
	fill_slot(packet, translation);
	mapping = (struct nat_mapping){.range = translation->range, .port = translation->outside.port};
	if (bpf_map_update_elem(&nat_mappings, key, &mapping, BPF_NOEXIST)) {
		translation->slot->expires_ns = NAT_SLOT_FREE;
		return false;
	}
	translation->slot->expires_ns = translation->now + NAT_QUERY_NS;
	return true;
}

/*
 * Finds the slot of an inside port, live or expired, if it still belongs to that port. A VM that sends again after its
 * mapping expired takes the slot again, and so keeps its public port.
 */
static __noinline bool find_mapping(struct translation *translation, const struct nat_mapping_key *key)
{
	struct nat_mapping *mapping = bpf_map_lookup_elem(&nat_mappings, key);
	struct nat_slot_key outside = translation->outside;
	struct nat_slot *slot;

	if (!mapping)
		return false;
	if (mapping->range == NAT_RANGE_FORWARD)
		outside.address = mapping->address;
	else if (mapping->range != translation->range)
		return false;
	outside.port = mapping->port;
	outside.protocol = key->protocol;
	slot = bpf_map_lookup_elem(&nat_slots, &outside);
	if (!slot || (slot->port ^ key->port) | (slot->network ^ key->network) |
			     address_difference(&slot->inside, &key->address))
		return false;
	translation->outside = outside;
	translation->slot = slot;
	return true;
}

/* Another CPU may have created the mapping in the meantime. */
static __always_inline bool make_or_find_mapping(struct packet *packet, struct translation *translation,
						 const struct nat_mapping_key *key)
{
	return make_mapping(packet, translation, key) || find_mapping(translation, key);
}
