/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The sessions of a mapping (maps/nat_sessions.h): the remotes to which the mapping has sent, and how long they may
 * send back.
 *
 * A mapping lives as long as the longest of its sessions. Frames from the inside refresh a session; frames from the
 * outside do not (RFC 4787, REQ-6). A TCP session follows the flags of both sides (RFC 7857, 2). A SYN from both sides
 * establishes it. A FIN from both sides, or a RST from either, ends it after NAT_TRANSITORY_NS.
 *
 * reads    network_id
 * lookups  nat_sessions
 */
#pragma once

#include "mapping.h"

#define ANY_BIT 0xffff

/*
 * The input and the results of a search in a network's buckets.
 *
 * verifier: only global functions read the buckets, because each of them is verified once. They take and return
 * numbers, and no pointers to map values.
 */
struct session_use {
	struct nat_session wanted; /* the mapping and its remote */
	__u64 now;
	__u64 until; /* result: when the session expires */
	__u32 network_id;
	__u32 bucket_mask;
	__s32 established; /* result: change of the mapping's number of established TCP sessions */
	__u8 tcp_flags;
	bool is_from_inside : 1;
	bool is_query : 1;
	bool is_over : 1;	/* result: this frame ended the session */
	bool is_other_port : 1; /* result: the remote's UDP port is not the one last sent to */
	__u16 pad;
};

enum session_found {
	SESSION_NONE,	   /* no session; from the inside: no room for one */
	SESSION_KNOWN,	   /* from the inside: created if it was missing */
	SESSION_OF_REMOTE, /* the mapping has a session with another port of the remote (RFC 4787, REQ-8) */
};

/* Zero if both are sessions of the same mapping with the same remote. */
static __always_inline __u32 remote_difference(const struct nat_session *a, const struct nat_session *b)
{
	return (a->port ^ b->port) | (a->protocol ^ b->protocol) | (a->range ^ b->range) |
	       (a->generation ^ b->generation) | address_difference(&a->remote, &b->remote);
}

/* The hash does not include the remote's port, so all sessions with a remote are in the same two buckets. */
static __always_inline __u32 session_hash(const struct nat_session *session)
{
	__u32 own = (__u32)session->port << 16 | session->protocol << 8 | session->range;

	return mix(mix(ipv4_of(&session->remote)) ^ own);
}

static __always_inline struct nat_bucket *find_bucket(const struct session_use *use, __u32 hash)
{
	struct nat_bucket_key key = {.network = use->network_id, .bucket = hash & use->bucket_mask};

	return bpf_map_lookup_elem(&nat_sessions, &key);
}

/*
 * The index of the session in the bucket, or NAT_BUCKET_SIZE. `port_mask` has the bits of the remote's port that must
 * match.
 */
__noinline int find_element(struct session_use *use, __u32 hash, __u16 port_mask)
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

/* Whether the session belongs to a previous mapping of the same public port. */
static __always_inline bool is_previous(const struct nat_session *session, const struct nat_session *wanted)
{
	return session->generation != wanted->generation &&
	       !((session->port ^ wanted->port) | (session->protocol ^ wanted->protocol) |
		 (session->range ^ wanted->range));
}

/* Claims a free element, which no other CPU can claim from now on, and returns its index, or NAT_BUCKET_SIZE. */
__noinline int claim_element(struct session_use *use, __u32 hash)
{
	struct nat_bucket *bucket = use ? find_bucket(use, hash) : NULL;

	if (!bucket)
		return NAT_BUCKET_SIZE;
	for (int i = 0; i < NAT_BUCKET_SIZE; i++) {
		struct nat_session *session = &bucket->sessions[i];
		__u64 *expiry = &session->expires_ns;
		__u64 expires = *expiry;

		if (expires != NAT_SLOT_CLAIMED && (expires <= use->now || is_previous(session, &use->wanted)) &&
		    __sync_val_compare_and_swap(expiry, expires, NAT_SLOT_CLAIMED) == expires)
			return i;
	}
	return NAT_BUCKET_SIZE;
}

/*
 * Claims an element of the same mapping and remote for a new connection: of those that are not established, the one
 * that expires first. Filtering is address-dependent, so the remote may still reply to the old connection.
 */
__noinline int reuse_element(struct session_use *use, __u32 hash)
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
		if (expires != NAT_SLOT_CLAIMED && expires < first) {
			first = expires;
			oldest = i;
		}
	}
	if (oldest < NAT_BUCKET_SIZE &&
	    __sync_val_compare_and_swap(&bucket->sessions[oldest & (NAT_BUCKET_SIZE - 1)].expires_ns, first,
					NAT_SLOT_CLAIMED) == first)
		return oldest;
	return NAT_BUCKET_SIZE;
}

static __always_inline struct nat_session *session_at(struct session_use *use, __u32 hash, __u32 index)
{
	struct nat_bucket *bucket = index < NAT_BUCKET_SIZE ? find_bucket(use, hash) : NULL;

	return bucket ? &bucket->sessions[index & (NAT_BUCKET_SIZE - 1)] : NULL;
}

/* A session is in one of two buckets; this is the second one. */
static __always_inline __u32 other_bucket(__u32 hash)
{
	return mix(~hash);
}

/* For UDP and ICMP there is one session for each remote, whatever its port. */
static __always_inline struct nat_session *find_session(struct session_use *use, __u32 hash)
{
	__u16 port_mask = use->wanted.protocol == NAT_TCP ? ANY_BIT : 0;
	__u32 index = find_element(use, hash, port_mask);

	if (index >= NAT_BUCKET_SIZE) {
		hash = other_bucket(hash);
		index = find_element(use, hash, port_mask);
	}
	return session_at(use, hash, index);
}

/* Whether the mapping has a session with any port of the remote (address-dependent filtering). */
static __always_inline bool has_session_with(struct session_use *use, __u32 hash)
{
	return find_element(use, hash, 0) < NAT_BUCKET_SIZE ||
	       find_element(use, other_bucket(hash), 0) < NAT_BUCKET_SIZE;
}

/* No other CPU can find the session until it has an expiry time. After that, frames only extend it. */
static __always_inline struct nat_session *make_session(struct session_use *use, __u32 hash)
{
	__u32 index = claim_element(use, hash);
	struct nat_session *session;

	if (index >= NAT_BUCKET_SIZE) {
		hash = other_bucket(hash);
		index = claim_element(use, hash);
	}
	if (index >= NAT_BUCKET_SIZE)
		index = reuse_element(use, hash);
	session = session_at(use, hash, index);
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
 * A RST may be forged, so a session that continues after one is alive again. A SYN begins a new connection with the
 * same ports.
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

/* Updates the TCP state, and returns the new lifetime of the session in ns. */
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
	return has_session_with(use, hash) ? SESSION_OF_REMOTE : SESSION_NONE;
}

/* Finds or creates the session of a frame in either direction, and adjusts the lifetime of its mapping. */
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
		.network_id = packet->network_id,
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
	/* The mapping ends with its last TCP connection, so that its port is soon free. */
	if (use.is_over && !slot->established)
		slot->expires_ns = use.until;
	else if (is_from_inside && !use.is_over)
		extend(&slot->expires_ns, use.until);
	return use.is_other_port ? SESSION_OF_REMOTE : found;
}
