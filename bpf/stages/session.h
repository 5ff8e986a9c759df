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

static __always_inline struct nat_session session_of(const struct translation *translation, __be32 remote, __u16 port)
{
	return (struct nat_session){
		.remote = to_address(remote),
		.remote_port = translation->outside.protocol == NAT_TCP ? port : 0,
		.port = translation->outside.port,
		.protocol = translation->outside.protocol,
		.range = translation->range,
	};
}

static __always_inline bool same_remote(const struct nat_session *a, const struct nat_session *b)
{
	return a->port == b->port && a->protocol == b->protocol && a->range == b->range &&
	       same_address(&a->remote, &b->remote);
}

/* Without the remote's port, so that all sessions with a remote are found in one place. */
static __always_inline __u32 session_hash(const struct nat_session *session)
{
	__u32 own = (__u32)session->port << 16 | session->protocol << 8 | session->range;

	return mix(mix(ipv4_of_words(&session->remote)) ^ own);
}

static __always_inline struct nat_bucket *find_bucket(__u32 network, const struct translation *translation,
						      __u32 hash)
{
	struct nat_bucket_key key = {.network = network, .bucket = hash & translation->rules->bucket_mask};

	return bpf_map_lookup_elem(&nat_sessions, &key);
}

static __always_inline struct nat_session *find_in(struct nat_bucket *bucket, const struct nat_session *wanted,
						   __u64 now, bool at_any_port)
{
	if (!bucket)
		return NULL;
	for (int i = 0; i < NAT_BUCKET_SIZE; i++) {
		struct nat_session *session = &bucket->sessions[i];

		if (session->expires_ns > now && same_remote(session, wanted) &&
		    (at_any_port || session->remote_port == wanted->remote_port))
			return session;
	}
	return NULL;
}

static __noinline struct nat_session *find_session(__u32 network, const struct translation *translation,
						   const struct nat_session *wanted)
{
	__u32 hash = session_hash(wanted);

	return find_in(find_bucket(network, translation, hash), wanted, translation->now, false)
	       ?: find_in(find_bucket(network, translation, mix(~hash)), wanted, translation->now, false);
}

/* Address-dependent filtering: RFC 4787, REQ-8. */
static __noinline bool has_spoken_to(__u32 network, const struct translation *translation,
				     const struct nat_session *wanted)
{
	__u32 hash = session_hash(wanted);

	return find_in(find_bucket(network, translation, hash), wanted, translation->now, true) ||
	       find_in(find_bucket(network, translation, mix(~hash)), wanted, translation->now, true);
}

static __always_inline struct nat_session *take_place(struct nat_bucket *bucket, __u64 now)
{
	if (!bucket)
		return NULL;
	for (int i = 0; i < NAT_BUCKET_SIZE; i++) {
		struct nat_session *session = &bucket->sessions[i];
		__u64 expires = session->expires_ns;

		if (expires != NAT_SLOT_TAKING && expires <= now &&
		    __sync_val_compare_and_swap(&session->expires_ns, expires, NAT_SLOT_TAKING) == expires)
			return session;
	}
	return NULL;
}

/* It is nobody's to find until it has a time, which any of its frames may only extend. */
static __noinline struct nat_session *make_session(__u32 network, const struct translation *translation,
						   const struct nat_session *wanted)
{
	__u32 hash = session_hash(wanted);
	struct nat_session *session = take_place(find_bucket(network, translation, hash), translation->now)
				      ?: take_place(find_bucket(network, translation, mix(~hash)), translation->now);

	if (!session)
		return NULL;
	session->remote = wanted->remote;
	session->remote_port = wanted->remote_port;
	session->port = wanted->port;
	session->protocol = wanted->protocol;
	session->range = wanted->range;
	session->flags = 0;
	session->expires_ns = translation->now + NAT_ICMP_NS;
	return session;
}

static __always_inline bool is_closing(__u32 flags)
{
	const __u32 both = NAT_FIN_OUT | NAT_FIN_IN;

	return flags & NAT_RST || (flags & both) == both;
}

static __always_inline void leave_established(struct nat_slot *slot, struct nat_session *session)
{
	if (__sync_fetch_and_and(&session->flags, ~(__u32)NAT_ESTABLISHED) & NAT_ESTABLISHED)
		__sync_fetch_and_add(&slot->established, -1);
}

static __always_inline void become_established(struct nat_slot *slot, struct nat_session *session)
{
	if (!(__sync_fetch_and_or(&session->flags, NAT_ESTABLISHED) & NAT_ESTABLISHED))
		__sync_fetch_and_add(&slot->established, 1);
}

static __always_inline void note_flags(struct nat_session *session, __u32 seen)
{
	if ((session->flags & seen) != seen)
		__sync_fetch_and_or(&session->flags, seen);
}

/* How long the session lives from now on. */
static __always_inline __u64 tcp_lifetime(struct nat_slot *slot, struct nat_session *session)
{
	const __u32 both = NAT_SYN_OUT | NAT_SYN_IN;
	__u32 flags = session->flags;

	if (is_closing(flags)) {
		if (flags & NAT_ESTABLISHED)
			leave_established(slot, session);
		return NAT_TRANSITORY_NS;
	}
	if ((flags & both) != both)
		return NAT_TRANSITORY_NS;
	if (!(flags & NAT_ESTABLISHED))
		become_established(slot, session);
	return NAT_TCP_NS;
}

/*
 * A RST may be forged, so a session that goes on after it is alive again. A SYN begins a new one with the same ports.
 */
static __always_inline void note_tcp_out(struct nat_session *session, __u8 tcp_flags)
{
	if (is_closing(session->flags) && !(tcp_flags & (TCP_RST | TCP_FIN))) {
		if (tcp_flags & TCP_SYN)
			session->flags = 0;
		else
			__sync_fetch_and_and(&session->flags, ~(__u32)NAT_RST);
	}
	note_flags(session, (tcp_flags & TCP_SYN ? NAT_SYN_OUT : 0) | (tcp_flags & TCP_FIN ? NAT_FIN_OUT : 0) |
				    (tcp_flags & TCP_RST ? NAT_RST : 0));
}

static __always_inline void note_tcp_in(struct nat_session *session, __u8 tcp_flags)
{
	note_flags(session, (tcp_flags & TCP_SYN ? NAT_SYN_IN : 0) | (tcp_flags & TCP_FIN ? NAT_FIN_IN : 0) |
				    (tcp_flags & TCP_RST ? NAT_RST : 0));
}

static __always_inline __u64 lifetime(const struct translation *translation, struct nat_session *session)
{
	switch (translation->outside.protocol) {
	case NAT_TCP:
		return tcp_lifetime(translation->slot, session);
	case NAT_UDP:
		return NAT_UDP_NS;
	default:
		return NAT_ICMP_NS;
	}
}

/* The end of the last TCP connection is the end of the mapping: its port is soon somebody else's. */
static __always_inline void end_early(struct translation *translation, struct nat_session *session, __u64 until)
{
	session->expires_ns = until;
	if (!translation->slot->established)
		translation->slot->expires_ns = until;
}

static __always_inline void refresh_from_inside(struct translation *translation, struct nat_session *session)
{
	bool was_closing, is_tcp = translation->outside.protocol == NAT_TCP;
	__u64 until;

	was_closing = is_closing(session->flags);
	if (is_tcp)
		note_tcp_out(session, translation->flow.tcp_flags);
	until = translation->now + lifetime(translation, session);
	if (is_tcp && is_closing(session->flags)) {
		if (!was_closing)
			end_early(translation, session, until);
		return;
	}
	extend(&session->expires_ns, until);
	extend(&translation->slot->expires_ns, until);
}

static __always_inline void note_from_outside(struct translation *translation, struct nat_session *session)
{
	bool was_closing = is_closing(session->flags);
	__u64 until;

	if (translation->outside.protocol != NAT_TCP)
		return;
	note_tcp_in(session, translation->flow.tcp_flags);
	until = translation->now + tcp_lifetime(translation->slot, session);
	if (!was_closing && is_closing(session->flags))
		end_early(translation, session, until);
}
