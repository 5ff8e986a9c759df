/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The slot of one public port (maps/nat_mappings.h): its lifetime, and how it gets an owner.
 *
 * lookups  nat_slots; on an address of the host the host's sockets
 */
#pragma once

#include "flow.h"

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

	if (expires == NAT_SLOT_TAKING || expires == NAT_SLOT_FORWARD)
		return false;
	return expires == NAT_SLOT_FREE || expires + rest < now || is_done(slot);
}

static __always_inline struct nat_slot *take_port(struct translation *translation)
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
	if (__sync_val_compare_and_swap(&slot->expires_ns, expires, NAT_SLOT_TAKING) != expires)
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
