/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The sessions of a mapping: maps/nat_sessions.h. Who has been spoken to, and how long that is to be remembered.
 *
 * A mapping lives as long as the longest of its sessions. What comes from inside refreshes it, what comes from outside
 * does not (RFC 4787, REQ-6). TCP's state is what both sides were seen to say (RFC 7857, 2): SYN from both makes a
 * session established, FIN from both or RST from one ends it, in four minutes.
 *
 * lookups  nat_sessions, one bucket or two
 */
#pragma once

#include "mapping.h"

#define ANY_BIT 0xffff

/*
 * What is asked of a network's buckets.
 *
 * verifier: it is global functions that look through them. Those are verified once, by themselves, and not again for each
 * way that leads there; they get and give numbers, no pointers into tables.
 */
struct session_use {
	struct nat_session wanted; /* the mapping and its remote */
	__u64 now;
	__u64 until; /* out: when the session ends */
	__u32 network;
	__u32 bucket_mask;
	__s32 established; /* out: of the mapping's TCP sessions one more, or one less */
	__u8 tcp_flags;
	bool is_from_inside : 1;
	bool is_query : 1;
	bool is_over : 1;	/* out: this frame ended it */
	bool is_other_port : 1; /* out: UDP from another port of the remote than was spoken to last */
	__u16 pad;
};

enum session_found {
	SESSION_NONE,	   /* nor, from inside, a place for it */
	SESSION_KNOWN,	   /* from inside: made, if it was missing */
	SESSION_OF_REMOTE, /* the remote was spoken to at another port: RFC 4787, REQ-8 */
};

/* Zero for the same remote of the same mapping. */
static __always_inline __u32 remote_difference(const struct nat_session *a, const struct nat_session *b)
{
	return (a->port ^ b->port) | (a->protocol ^ b->protocol) | (a->range ^ b->range) |
	       (a->generation ^ b->generation) | address_difference(&a->remote, &b->remote);
}

/* Without the remote's port, so that all sessions with a remote are found in one place. */
static __always_inline __u32 session_hash(const struct nat_session *session)
{
	__u32 own = (__u32)session->port << 16 | session->protocol << 8 | session->range;

	return mix(mix(ipv4_of(&session->remote)) ^ own);
}

static __always_inline struct nat_bucket *find_bucket(const struct session_use *use, __u32 hash)
{
	struct nat_bucket_key key = {.network = use->network, .bucket = hash & use->bucket_mask};

	return bpf_map_lookup_elem(&nat_sessions, &key);
}

/* The place in the bucket where the session is, with the bits of the remote's port that count; or NAT_BUCKET_SIZE. */
__noinline int find_place(struct session_use *use, __u32 hash, __u16 port_mask)
{
	struct nat_bucket *bucket = use ? find_bucket(use, hash) : NULL;

	if (!bucket)
		return NAT_BUCKET_SIZE;
	for (int i = 0; i < NAT_BUCKET_SIZE; i++) {
		struct nat_session *session = &bucket->sessions[i];
		__u32 difference = (session->remote_port ^ use->wanted.remote_port) & port_mask;

		if (!(difference | remote_difference(session, &use->wanted)) && session->expires_ns > use->now)
			return i;
	}
	return NAT_BUCKET_SIZE;
}

/* Whether the session is of a mapping that had the port before. */
static __always_inline bool is_former(const struct nat_session *session, const struct nat_session *wanted)
{
	return session->generation != wanted->generation &&
	       !((session->port ^ wanted->port) | (session->protocol ^ wanted->protocol) |
		 (session->range ^ wanted->range));
}

/* A place that is free, and nobody else's from now on; or NAT_BUCKET_SIZE. */
__noinline int take_place(struct session_use *use, __u32 hash)
{
	struct nat_bucket *bucket = use ? find_bucket(use, hash) : NULL;

	if (!bucket)
		return NAT_BUCKET_SIZE;
	for (int i = 0; i < NAT_BUCKET_SIZE; i++) {
		struct nat_session *session = &bucket->sessions[i];
		__u64 *place = &session->expires_ns;
		__u64 expires = *place;

		if (expires != NAT_SLOT_TAKING && (expires <= use->now || is_former(session, &use->wanted)) &&
		    __sync_val_compare_and_swap(place, expires, NAT_SLOT_TAKING) == expires)
			return i;
	}
	return NAT_BUCKET_SIZE;
}

/*
 * A place in the bucket that the mapping has for the same remote, of a connection that is not established: the one that
 * ends first. It is taken for a new connection. Filtering is address-dependent, so the remote may still answer.
 */
__noinline int reuse_place(struct session_use *use, __u32 hash)
{
	struct nat_bucket *bucket = use ? find_bucket(use, hash) : NULL;
	int oldest = NAT_BUCKET_SIZE;
	__u64 first = NAT_SLOT_FORWARD;

	if (!bucket)
		return NAT_BUCKET_SIZE;
	for (int i = 0; i < NAT_BUCKET_SIZE; i++) {
		struct nat_session *session = &bucket->sessions[i];
		__u64 expires = session->expires_ns;

		if (remote_difference(session, &use->wanted) || session->flags & NAT_ESTABLISHED)
			continue;
		if (expires != NAT_SLOT_TAKING && expires < first) {
			first = expires;
			oldest = i;
		}
	}
	if (oldest < NAT_BUCKET_SIZE &&
	    __sync_val_compare_and_swap(&bucket->sessions[oldest & (NAT_BUCKET_SIZE - 1)].expires_ns, first,
					NAT_SLOT_TAKING) == first)
		return oldest;
	return NAT_BUCKET_SIZE;
}

static __always_inline struct nat_session *session_at(struct session_use *use, __u32 hash, __u32 place)
{
	struct nat_bucket *bucket = place < NAT_BUCKET_SIZE ? find_bucket(use, hash) : NULL;

	return bucket ? &bucket->sessions[place & (NAT_BUCKET_SIZE - 1)] : NULL;
}

/* The other of a session's two buckets. */
static __always_inline __u32 other_bucket(__u32 hash)
{
	return mix(~hash);
}

/* Of UDP and ICMP a remote has one session, whichever its port. */
static __always_inline struct nat_session *find_session(struct session_use *use, __u32 hash)
{
	__u16 port_mask = use->wanted.protocol == NAT_TCP ? ANY_BIT : 0;
	__u32 place = find_place(use, hash, port_mask);

	if (place >= NAT_BUCKET_SIZE) {
		hash = other_bucket(hash);
		place = find_place(use, hash, port_mask);
	}
	return session_at(use, hash, place);
}

/* Address-dependent filtering. */
static __always_inline bool has_spoken_to(struct session_use *use, __u32 hash)
{
	return find_place(use, hash, 0) < NAT_BUCKET_SIZE || find_place(use, other_bucket(hash), 0) < NAT_BUCKET_SIZE;
}

/* It is nobody's to find until it has a time, which any of its frames may only extend. */
static __always_inline struct nat_session *make_session(struct session_use *use, __u32 hash)
{
	__u32 place = take_place(use, hash);
	struct nat_session *session;

	if (place >= NAT_BUCKET_SIZE) {
		hash = other_bucket(hash);
		place = take_place(use, hash);
	}
	if (place >= NAT_BUCKET_SIZE)
		place = reuse_place(use, hash);
	session = session_at(use, hash, place);
	if (!session)
		return NULL;
	session->remote = use->wanted.remote;
	session->remote_port = use->wanted.remote_port;
	session->port = use->wanted.port;
	session->protocol = use->wanted.protocol;
	session->range = use->wanted.range;
	session->generation = use->wanted.generation;
	session->flags = 0;
	session->expires_ns = use->now + NAT_QUERY_NS;
	return session;
}

static __always_inline bool is_closing(__u32 flags)
{
	const __u32 both = NAT_FIN_OUT | NAT_FIN_IN;

	return flags & NAT_RST || (flags & both) == both;
}

static __always_inline void leave_established(struct session_use *use, struct nat_session *session)
{
	if (__sync_fetch_and_and(&session->flags, ~(__u32)NAT_ESTABLISHED) & NAT_ESTABLISHED)
		use->established = -1;
}

static __always_inline void become_established(struct session_use *use, struct nat_session *session)
{
	if (!(__sync_fetch_and_or(&session->flags, NAT_ESTABLISHED) & NAT_ESTABLISHED))
		use->established = 1;
}

static __always_inline __u32 flags_seen(const struct session_use *use)
{
	__u32 seen = use->tcp_flags & TCP_RST ? NAT_RST : 0;

	if (use->tcp_flags & TCP_SYN)
		seen |= use->is_from_inside ? NAT_SYN_OUT : NAT_SYN_IN;
	if (use->tcp_flags & TCP_FIN)
		seen |= use->is_from_inside ? NAT_FIN_OUT : NAT_FIN_IN;
	return seen;
}

/*
 * A RST may be forged, so a session that goes on after it is alive again. A SYN begins a new one with the same ports.
 */
static __always_inline void reopen(const struct session_use *use, struct nat_session *session)
{
	if (!is_closing(session->flags) || use->tcp_flags & (TCP_RST | TCP_FIN))
		return;
	if (use->tcp_flags & TCP_SYN)
		session->flags = 0;
	else
		__sync_fetch_and_and(&session->flags, ~(__u32)NAT_RST);
}

/* How long the session lives from now on. */
static __always_inline __u64 note_tcp(struct session_use *use, struct nat_session *session)
{
	const __u32 both = NAT_SYN_OUT | NAT_SYN_IN;
	__u32 seen = flags_seen(use);
	bool was_closing;

	if (use->is_from_inside)
		reopen(use, session);
	was_closing = is_closing(session->flags);
	if ((session->flags & seen) != seen)
		__sync_fetch_and_or(&session->flags, seen);
	if (is_closing(session->flags)) {
		use->is_over = !was_closing;
		leave_established(use, session);
		return NAT_TRANSITORY_NS;
	}
	if ((session->flags & both) != both)
		return NAT_TRANSITORY_NS;
	become_established(use, session);
	return NAT_TCP_NS;
}

static __always_inline void note_frame(struct session_use *use, struct nat_session *session)
{
	__u64 lifetime = use->wanted.protocol == NAT_UDP ? NAT_UDP_NS : NAT_ICMP_NS;

	if (use->wanted.protocol == NAT_TCP)
		lifetime = note_tcp(use, session);
	else if (use->is_query)
		lifetime = NAT_QUERY_NS;
	use->until = use->now + lifetime;
	if (use->is_over)
		session->expires_ns = use->until;
	else if (use->is_from_inside && !is_closing(session->flags))
		extend(&session->expires_ns, use->until);
	else
		use->until = 0;
}

static __always_inline void note_remote_port(struct session_use *use, struct nat_session *session)
{
	if (session->remote_port == use->wanted.remote_port)
		return;
	if (use->is_from_inside)
		session->remote_port = use->wanted.remote_port;
	else
		use->is_other_port = true;
}

static __always_inline enum session_found use_session(struct session_use *use)
{
	__u32 hash = session_hash(&use->wanted);
	struct nat_session *session = find_session(use, hash);

	if (!session && use->is_from_inside)
		session = make_session(use, hash);
	if (session) {
		note_frame(use, session);
		note_remote_port(use, session);
		return SESSION_KNOWN;
	}
	return has_spoken_to(use, hash) ? SESSION_OF_REMOTE : SESSION_NONE;
}

/* A query is answered once; a frame of another kind makes the mapping one like any other. */
static __always_inline void note_query(struct translation *translation)
{
	struct nat_slot *slot = translation->slot;

	if (!(slot->flags & NAT_SLOT_QUERIES))
		return;
	if (is_query(&translation->flow))
		__sync_fetch_and_add(&slot->unanswered, 1);
	else
		slot->flags = 0;
}

static __always_inline void note_query_answer(struct packet *packet, struct translation *translation)
{
	struct nat_slot *slot = translation->slot;

	if (slot->flags & NAT_SLOT_QUERIES && slot->unanswered && __sync_fetch_and_sub(&slot->unanswered, 1) == 1)
		release_port(packet, translation);
}

/* The session of a mapping, in either direction, and what it means for how long the mapping lives. */
static __noinline enum session_found note_session(struct packet *packet, struct translation *translation, __be32 remote,
						  __u16 remote_port, bool is_from_inside)
{
	bool is_icmp = translation->outside.protocol == NAT_ICMP;
	struct nat_slot *slot = translation->slot;
	struct session_use use = {
		.wanted = {.remote = to_address(remote),
			   .remote_port = is_icmp ? 0 : remote_port,
			   .port = translation->outside.port,
			   .protocol = translation->outside.protocol,
			   .range = translation->range,
			   .generation = slot->generation},
		.now = translation->now,
		.network = packet->network,
		.bucket_mask = translation->rules->bucket_mask,
		.tcp_flags = translation->flow.is_icmp_error ? 0 : translation->flow.tcp_flags,
		.is_from_inside = is_from_inside,
		.is_query = is_query(&translation->flow),
	};
	enum session_found found;

	if (is_forward(slot))
		return SESSION_KNOWN;
	found = use_session(&use);
	if (use.established)
		__sync_fetch_and_add(&slot->established, use.established);
	/* The end of the last TCP connection is the end of the mapping: its port is soon somebody else's. */
	if (use.is_over && !slot->established)
		slot->expires_ns = use.until;
	else if (is_from_inside && !use.is_over)
		extend(&slot->expires_ns, use.until);
	return use.is_other_port ? SESSION_OF_REMOTE : found;
}
