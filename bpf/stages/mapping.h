/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The mappings of a network: maps/nat_mappings.h. An inside port is looked up, or given a public one.
 *
 * lookups  nat_mappings, nat_slots; for a new mapping nat_slots, a port after the other, and nat_addresses
 */
#pragma once

#include "flow.h"

#define NAT_SECOND	  1000000000ull
#define NAT_REFRESH_NS	  NAT_SECOND
#define NAT_REST_NS	  (120 * NAT_SECOND) /* RFC 6888, REQ-8: before a port has another owner */
#define NAT_UDP_NS	  (300 * NAT_SECOND) /* RFC 4787, REQ-5: the recommended default */
#define NAT_ICMP_NS	  (60 * NAT_SECOND)  /* RFC 5508, REQ-2 */
#define NAT_TRANSITORY_NS (240 * NAT_SECOND) /* RFC 5382, REQ-5 */
#define NAT_TCP_NS	  (7440 * NAT_SECOND)

/* One frame's way through the NAT. */
struct translation {
	struct flow flow;
	__u64 now;
	struct nat_network *rules;
	__u32 range;		     /* of the rules */
	struct nat_slot_key outside; /* the public side */
	struct nat_slot *slot;
	bool is_floating; /* the slot is of an address, whose ports are what they are inside */
	__u32 target;	  /* ifindex of the VM's port, when the frame is on its way there */
};

/* Zero for the same. verifier: one branch for all of it, for each is looked through with all that comes after. */
static __always_inline __u32 address_difference(const struct address *a, const struct address *b)
{
	const __u32 *x = (const __u32 *)a, *y = (const __u32 *)b;

	return (x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]);
}

/* Spreads each bit of a word over all of them: the finalizer of MurmurHash3. */
static __always_inline __u32 mix(__u32 word)
{
	word ^= word >> 16;
	word *= 0x85ebca6b;
	word ^= word >> 13;
	word *= 0xc2b2ae35;
	return word ^ word >> 16;
}

static __always_inline struct nat_range *range_of(struct translation *translation)
{
	return &translation->rules->ranges[translation->range & (MAX_NAT_RANGES - 1)];
}

/* An inside address always has the same public one. */
static __always_inline __u32 range_for(const struct nat_network *rules, __be32 inside)
{
	return rules->range_count ? mix(inside) % rules->range_count : 0;
}

static __always_inline bool is_live(const struct nat_slot *slot, __u64 now)
{
	return slot->expires_ns > now;
}

static __always_inline bool is_forward(const struct nat_slot *slot)
{
	return slot->expires_ns == NAT_SLOT_FORWARD;
}

/* What somebody has taken meanwhile stays his. */
static __always_inline void extend(__u64 *expires_ns, __u64 until)
{
	__u64 expires = *expires_ns;

	if (expires != NAT_SLOT_TAKING && until > expires + NAT_REFRESH_NS)
		__sync_val_compare_and_swap(expires_ns, expires, until);
}

struct port_search {
	struct packet *packet;
	struct translation *translation;
	__u32 next; /* from the range's first */
	bool avoid_host;
};

/* Nobody's, or of a mapping that ended and has rested. TCP's end is known, so it rests no longer than its timer. */
static __always_inline bool is_free(const struct nat_slot *slot, __u8 protocol, __u64 now)
{
	__u64 rest = protocol == NAT_TCP ? 0 : NAT_REST_NS;
	__u64 expires = slot->expires_ns;

	return expires != NAT_SLOT_TAKING && (expires == NAT_SLOT_FREE || expires + rest < now);
}

static __always_inline struct nat_slot *take_port(struct translation *translation)
{
	struct nat_slot *slot = bpf_map_lookup_elem(&nat_slots, &translation->outside);
	struct nat_slot fresh = {.expires_ns = NAT_SLOT_TAKING};
	__u64 expires;

	if (!slot) {
		if (bpf_map_update_elem(&nat_slots, &translation->outside, &fresh, BPF_NOEXIST))
			return NULL;
		return bpf_map_lookup_elem(&nat_slots, &translation->outside);
	}
	expires = slot->expires_ns;
	if (!is_free(slot, translation->outside.protocol, translation->now))
		return NULL;
	if (__sync_val_compare_and_swap(&slot->expires_ns, expires, NAT_SLOT_TAKING) != expires)
		return NULL;
	return slot;
}

/*
 * Whether a socket of the host has the public port, for this remote at least. The host keeps its own; of those it would
 * take later the kernel keeps it away: net.ipv4.ip_local_reserved_ports.
 */
static __always_inline bool is_hosts_port(struct packet *packet, const struct translation *translation, __be32 remote,
					  __u16 remote_port)
{
	struct bpf_sock_tuple tuple = {
		.ipv4.saddr = remote,
		.ipv4.sport = bpf_htons(remote_port),
		.ipv4.daddr = ipv4_of(&translation->outside.address),
		.ipv4.dport = bpf_htons(translation->outside.port),
	};

	if (translation->outside.protocol == NAT_ICMP)
		return false;
	return hook_host_has_socket(packet, &tuple, translation->outside.protocol == NAT_TCP);
}

static long try_port(__u32 attempt, struct port_search *search)
{
	struct translation *translation = search->translation;
	struct nat_range *range = range_of(translation);
	struct nat_slot *slot;

	if (search->next >= range->count)
		search->next &= 1;
	translation->outside.port = range->first + search->next;
	search->next += 2;
	slot = take_port(translation);
	if (!slot)
		return 0;
	if (search->avoid_host &&
	    is_hosts_port(search->packet, translation, translation->flow.ip.daddr, translation->flow.destination)) {
		slot->expires_ns = NAT_SLOT_FREE;
		return 0;
	}
	translation->slot = slot;
	return 1;
}

/* Ports cannot be guessed (RFC 6888, REQ-15) and keep their parity while there is one left (RFC 4787, REQ-4). */
static __noinline bool find_free_port(struct packet *packet, struct translation *translation)
{
	struct nat_address *public = bpf_map_lookup_elem(&nat_addresses, &translation->outside.address);
	struct port_search search = {
		.packet = packet,
		.translation = translation,
		.avoid_host = public && public->flags & NAT_ADDRESS_OF_HOST,
	};
	__u32 half = range_of(translation)->count / 2;
	__u32 start;

	if (!half)
		return false;
	start = bpf_get_prandom_u32() % half * 2;
	search.next = start | (translation->flow.source & 1);
	bpf_loop(half, try_port, &search, 0);
	if (translation->slot)
		return true;
	search.next = start | (~translation->flow.source & 1);
	bpf_loop(half, try_port, &search, 0);
	return translation->slot;
}

/* What led to the mapping that had the slot before. */
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

	if (mapping && mapping->port == translation->outside.port && mapping->range == translation->range)
		bpf_map_delete_elem(&nat_mappings, &key);
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
}

/* A search through a full range costs; until a second later nobody tries again. */
static __noinline bool make_mapping(struct packet *packet, struct translation *translation,
				    const struct nat_mapping_key *key)
{
	__u64 *full_until = &translation->rules->full_until_ns[key->protocol & 3];
	struct nat_mapping mapping;

	if (*full_until > translation->now)
		return false;
	if (!find_free_port(packet, translation)) {
		*full_until = translation->now + NAT_SECOND;
		return false;
	}
	forget_former(translation);
	fill_slot(packet, translation);
	mapping = (struct nat_mapping){.range = translation->range, .port = translation->outside.port};
	if (bpf_map_update_elem(&nat_mappings, key, &mapping, BPF_NOEXIST)) {
		translation->slot->expires_ns = NAT_SLOT_FREE;
		return false;
	}
	translation->slot->expires_ns = translation->now + NAT_ICMP_NS;
	return true;
}

/*
 * The slot of an inside port, live or not, if it still is that port's. One that has expired and that nobody took is
 * taken again by whoever speaks: the port stays the same.
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

/* Another CPU may have made the mapping meanwhile. */
static __always_inline bool make_or_find_mapping(struct packet *packet, struct translation *translation,
						 const struct nat_mapping_key *key)
{
	return make_mapping(packet, translation, key) || find_mapping(translation, key);
}
