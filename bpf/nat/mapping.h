/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The slot of one public port and the mapping of one inside port (maps/nat_mappings.h): their lifetime, and how a slot
 * gets an owner.
 *
 * lookups  nat_slots, nat_mappings
 */
#pragma once

#include "../lib/address.h"
#include "../lib/flow.h"

#define NAT_SECOND	  1000000000ull
#define NAT_REFRESH_NS	  NAT_SECOND
#define NAT_REST_NS	  (120 * NAT_SECOND) /* RFC 6888, REQ-8: rest before another mapping gets the port */
#define NAT_UDP_NS	  (300 * NAT_SECOND) /* RFC 4787, REQ-5: recommended default */
#define NAT_QUERY_NS	  (20 * NAT_SECOND)  /* RFC 4787, REQ-5a; also a new mapping without a session */
#define NAT_ICMP_NS	  (60 * NAT_SECOND)  /* RFC 5508, REQ-2 */
#define NAT_TRANSITORY_NS (240 * NAT_SECOND) /* RFC 5382, REQ-5 */
#define NAT_TCP_NS	  (7440 * NAT_SECOND)
#define NAT_CHECK_SHIFT	  30 /* units of about a second, for a clock in ns */

/* The state of one frame in the NAT. */
struct translation {
	struct flow flow;
	__u64 now;
	struct nat_network *rules;
	__u32 range;		     /* index in rules->ranges */
	struct nat_slot_key outside; /* public address, port and protocol */
	struct nat_slot *slot;
	__u32 target;	  /* ifindex of the VM's port, for a frame to the VM */
	bool is_floating; /* the slot has a whole address, and ports are not translated */
};

static __always_inline struct nat_range *range_of(struct translation *translation)
{
	return &translation->rules->ranges[translation->range & (MAX_NAT_RANGES - 1)];
}

/* An inside address always gets the same public address (RFC 4787, REQ-2). */
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

/* Whether all of its queries have replies. */
static __always_inline bool is_done(const struct nat_slot *slot)
{
	return slot->flags & NAT_SLOT_QUERIES && !slot->unanswered;
}

/*
 * Whether the slot can get a new owner: it has none, or its mapping has ended and rested. The end of a TCP connection
 * is known, so TCP needs no rest after its timer.
 */
static __always_inline bool is_free(const struct nat_slot *slot, __u8 protocol, __u64 now)
{
	__u64 rest = protocol == NAT_TCP || slot->flags & NAT_SLOT_QUERIES ? 0 : NAT_REST_NS;
	__u64 expires = slot->expires_ns;

	if (expires == NAT_SLOT_CLAIMED || expires == NAT_SLOT_FORWARD)
		return false;
	return expires == NAT_SLOT_FREE || expires + rest < now || is_done(slot);
}

/* Must not extend a slot that another CPU has claimed. */
static __always_inline void extend(__u64 *expires_ns, __u64 until)
{
	__u64 expires = *expires_ns;

	if (expires != NAT_SLOT_CLAIMED && until > expires + NAT_REFRESH_NS)
		__sync_val_compare_and_swap(expires_ns, expires, until);
}

static __always_inline struct nat_slot *claim_nat_slot(struct translation *translation)
{
	struct nat_slot *slot = bpf_map_lookup_elem(&nat_slots, &translation->outside);
	__u64 expires;

	if (!slot) {
		bpf_map_update_elem(&nat_slots, &translation->outside, translation->rules->empty_slot, BPF_NOEXIST);
		slot = bpf_map_lookup_elem(&nat_slots, &translation->outside);
		if (!slot)
			return NULL;
	}
	expires = slot->expires_ns;
	if (!is_free(slot, translation->outside.protocol, translation->now))
		return NULL;
	if (__sync_val_compare_and_swap(&slot->expires_ns, expires, NAT_SLOT_CLAIMED) != expires)
		return NULL;
	return slot;
}

/*
 * Whether a socket of the host uses the public port, at least for this remote. Connections that the host has with other
 * remotes occupy a slot (claim.h).
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

/*
 * Whether this is a query to a service that replies at once: DNS, NTP, NetBIOS names, SNMP. RFC 4787, REQ-5a, allows a
 * shorter timer for such well-known ports.
 */
static __always_inline bool is_query(const struct flow *flow)
{
	__u16 port = flow->destination;

	return flow->protocol == NAT_UDP && (port == 53 || port == 123 || port == 137 || port == 161);
}

/* Deletes the entry of nat_mappings that led to the slot's previous owner. */
static __always_inline void forget_previous(struct translation *translation)
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
 * Finds the slot of an inside port, live or expired, if it still belongs to that port. A VM that sends again after its
 * mapping expired claims the slot again, and so keeps its public port.
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
