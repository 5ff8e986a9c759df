/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Fragmented datagrams: maps/nat_fragments.h; RFC 4787, REQ-14. The first fragment has the ports. It is translated like
 * a whole packet and recorded, and the later ones follow it. Outward, a later fragment needs only the address, which is
 * the same for everything that a VM sends, so the order does not matter. Inward, later fragments that arrive early are
 * held until the first one arrives.
 *
 * A datagram that may be fragmented on its way gets an IP identification from the network's own numbers. These are its
 * port numbers, which no other network has at that address. So no two hosts behind one address use the same
 * identification (RFC 6864, 5.3).
 *
 * reads    length
 * sets     verdict
 * lookups  nat_fragments, nat_rings, nat_held
 */
#pragma once

#include "../switch/flood.h"
#include "mapping.h"
#include "translate.h"

#define NAT_FRAGMENT_NS (30 * NAT_SECOND) /* as long as Linux reassembles; RFC 1122, 3.3.2, recommends 60 to 120 s */
#define NAT_HELD_NS	NAT_SECOND
#define NAT_HELD_MASK	(NAT_HELD_SIZE - 1)

static __always_inline struct nat_fragment_key fragment_key(const struct flow *flow, __u32 network_id)
{
	return (struct nat_fragment_key){
		.source = to_address(flow->ip.saddr),
		.destination = to_address(flow->ip.daddr),
		.network = network_id,
		.id = bpf_ntohs(flow->ip.id),
		.protocol = flow->ip.protocol,
	};
}

/* Zero if both are equal. */
static __always_inline __u32 slot_difference(const struct nat_slot_key *a, const struct nat_slot_key *b)
{
	return (a->port ^ b->port) | (a->protocol ^ b->protocol) | address_difference(&a->address, &b->address);
}

/*
 * Records where the first fragment went, in place of the network's oldest datagram. False if another datagram with the
 * same key went elsewhere. Later fragments may belong to that one, and a second first fragment must not redirect them
 * to another VM.
 */
static __noinline bool note_fragment(__u32 network_id, const struct translation *translation,
				     const struct nat_fragment_key *key)
{
	struct nat_fragment fragment = {
		.expires_ns = translation->now + NAT_FRAGMENT_NS,
		.outside = translation->outside,
	};
	struct nat_ring *ring = bpf_map_lookup_elem(&nat_rings, &network_id);
	struct nat_fragment *known = bpf_map_lookup_elem(&nat_fragments, key);
	struct nat_fragment_key *oldest;

	if (known && known->expires_ns > translation->now && slot_difference(&known->outside, &fragment.outside))
		return false;
	if (!ring)
		return true;
	if (!known) {
		oldest = &ring->keys[__sync_fetch_and_add(&ring->next, 1) & (NAT_RING_SIZE - 1)];
		bpf_map_delete_elem(&nat_fragments, oldest);
		*oldest = *key;
	}
	return bpf_map_update_elem(&nat_fragments, key, &fragment, known ? BPF_ANY : BPF_NOEXIST) == 0;
}

static __always_inline struct nat_fragment *find_fragment(const struct nat_fragment_key *key, __u64 now)
{
	struct nat_fragment *fragment = bpf_map_lookup_elem(&nat_fragments, key);

	return fragment && fragment->expires_ns > now ? fragment : NULL;
}

/* Only for these protocols does the first fragment contain what the later ones lack. */
static __always_inline bool may_follow_first(const struct flow *flow)
{
	return is_later_fragment(flow) && (flow->ip.protocol == IPPROTO_UDP || flow->ip.protocol == IPPROTO_TCP ||
					   flow->ip.protocol == IPPROTO_ICMP);
}

/* The kernel fragments a UDP datagram with segments (UFO) even if DF is set. A TCP segment keeps its DF. */
static __always_inline bool may_be_fragmented(const struct iphdr *ip, __u32 segments)
{
	return !(ip->frag_off & bpf_htons(IPV4_DONT_FRAGMENT)) || (segments > 1 && ip->protocol == IPPROTO_UDP);
}

/*
 * The IP identification outside, for a datagram that may be fragmented. On an address where the network has no range it
 * does not change. The segments of a TSO frame get the following numbers. -1: the network has fewer numbers than the
 * frame has segments.
 */
static __noinline int outside_id(struct packet *packet, struct translation *translation)
{
	const struct iphdr *ip = &translation->flow.ip;
	const struct nat_range *range = range_of(translation);
	__u32 number = bpf_ntohs(ip->id) + mix(ip->saddr);
	__u32 segments = hook_segments(packet);

	if (!may_be_fragmented(ip, segments) || translation->is_floating || !range->count ||
	    address_difference(&range->address, &translation->outside.address))
		return bpf_ntohs(ip->id);
	return segments > range->count ? -1 : (int)(range->first + number % (range->count - segments + 1));
}

static __always_inline bool translate_id(struct packet *packet, struct translation *translation)
{
	const struct flow *flow = &translation->flow;
	int number = outside_id(packet, translation);
	__be16 id = bpf_htons(number);
	struct iphdr *ip;

	if (number < 0)
		return false;
	if (id == flow->ip.id)
		return true;
	ip = ip_header(packet, flow);
	if (!ip)
		return false;
	follow_change(ip, flow->ip.id, id);
	ip->id = id;
	return true;
}

static __always_inline __u32 held_bucket(const struct nat_fragment_key *key)
{
	__u32 hash = mix(mix(ipv4_of(&key->source)) ^ mix(ipv4_of(&key->destination) + (key->id << 8) + key->protocol));

	return hash % (NAT_HELD_ELEMENTS / NAT_HELD_BUCKET) * NAT_HELD_BUCKET;
}

/* The state of a search through the elements of a bucket, one after another. */
struct held_search {
	struct packet *packet;
	const struct translation *translation;
	struct nat_fragment_key key;
	__u8 macs[2 * ETH_ALEN]; /* MACs of the frames that are sent */
	__u32 at;
	__u32 target;
	__u32 found;
};

static __always_inline struct nat_held *next_element(struct held_search *search)
{
	return bpf_map_lookup_elem(&nat_held, &(__u32){search->at++});
}

/* Copies the frame to the element if it is free. A result of 1 ends the search. */
static long hold_in_element(__u32 attempt, struct held_search *search)
{
	struct nat_held *held = next_element(search);
	__u64 now = search->translation->now;
	__u32 length = search->packet->length;
	__u64 expires;

	if (!held || !length || length > NAT_HELD_SIZE)
		return 1;
	expires = held->expires_ns;
	if (expires == NAT_SLOT_CLAIMED || expires > now ||
	    __sync_val_compare_and_swap(&held->expires_ns, expires, NAT_SLOT_CLAIMED) != expires)
		return 0;
	/* verifier: "invalid zero-sized read" (6.1). A mask bounds the size for it; a comparison does not. */
	if (!hook_read(search->packet, 0, held->bytes, ((length - 1) & NAT_HELD_MASK) + 1)) {
		held->expires_ns = NAT_SLOT_FREE;
		return 1;
	}
	held->key = search->key;
	held->length = length;
	held->expires_ns = now + NAT_HELD_NS;
	search->found = 1;
	return 1;
}

/* Holds a later fragment from the wire whose first one has not arrived. */
static __noinline bool hold_fragment(struct packet *packet, const struct translation *translation)
{
	struct held_search search = {
		.packet = packet,
		.translation = translation,
		.key = fragment_key(&translation->flow, 0),
	};

	search.at = held_bucket(&search.key);
	bpf_loop(NAT_HELD_BUCKET, hold_in_element, &search, 0);
	return search.found;
}

/* Zero if both are equal. */
static __always_inline __u32 key_difference(const struct nat_fragment_key *a, const struct nat_fragment_key *b)
{
	return (a->id ^ b->id) | (a->protocol ^ b->protocol) | address_difference(&a->source, &b->source) |
	       address_difference(&a->destination, &b->destination);
}

/* Writes a held fragment over the current frame, whose own bytes have been sent, and translates it for the same VM. */
static __always_inline bool write_held(struct held_search *search, struct nat_held *held)
{
	const struct nat_slot *slot = search->translation->slot;
	struct packet *packet = search->packet;
	__u32 length = ((held->length - 1) & NAT_HELD_MASK) + 1;
	struct flow flow = {};

	return hook_resize(packet, length) && hook_write(packet, 0, held->bytes, length) &&
	       hook_write(packet, 0, search->macs, sizeof(search->macs)) && read_header(packet, &flow) &&
	       flow.ip.ttl > 1 && translate_address(packet, &flow, SIDE_DESTINATION, ipv4_of(&slot->inside)) &&
	       decrease_ttl(packet, &flow);
}

static long send_from_element(__u32 attempt, struct held_search *search)
{
	struct packet *packet = search->packet;
	struct nat_held *held = next_element(search);
	__u64 expires;

	if (!held)
		return 1;
	expires = held->expires_ns;
	if (expires <= search->translation->now || key_difference(&held->key, &search->key) ||
	    __sync_val_compare_and_swap(&held->expires_ns, expires, NAT_SLOT_CLAIMED) != expires)
		return 0;
	/* Before the first held fragment is written, the current frame is sent. */
	if (!search->found++)
		hook_clone(packet, search->target);
	if (write_held(search, held))
		count(search->target, DIRECTION_TO, try_clone(packet, search->target), held->length);
	held->expires_ns = NAT_SLOT_FREE;
	return 0;
}

/* Sends the fragments that waited for this first fragment. */
static __noinline void send_held(struct packet *packet, const struct translation *translation,
				 const struct nat_fragment_key *key)
{
	struct held_search search = {
		.packet = packet,
		.translation = translation,
		.key = *key,
		.target = translation->target,
	};

	search.at = held_bucket(key);
	if (!hook_read(packet, 0, search.macs, sizeof(search.macs)))
		return;
	bpf_loop(NAT_HELD_BUCKET, send_from_element, &search, 0);
	if (search.found)
		packet->verdict = hook_drop();
}
