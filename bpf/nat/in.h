/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * translate_in: handles a packet to a public address on an uplink. It goes to the VM that has the port, if the
 * filter admits its source or if a forward has the port. A VM with a floating address gets all packets to it. Other
 * packets to an address of the host pass to the host; to any other public address they are dropped.
 * reply_for_public: replies to ARP requests for the public addresses that the host does not have.
 *
 * reads    ifindex, ethertype, network_id
 * sets     refused, verdict
 * reasons  NOT_OURS, NAT_NO_MAPPING, UNROUTABLE_SOURCE, NAT_FILTERED, NOT_TRANSLATABLE, FRAGMENT_EARLY, ANSWERED
 * lookups  nat_addresses
 */
#pragma once

#include "../lib/public.h"
#include "../gateway/arp.h"
#include "claim.h"
#include "exempt.h"
#include "fragment.h"
#include "free_port.h"
#include "icmp.h"
#include "lookup.h"
#include "remote_error.h"

static __always_inline enum reason refuse_public(const struct nat_address *public, enum reason reason)
{
	return public->flags & NAT_ADDRESS_OF_HOST ? REASON_NOT_OURS : reason;
}

/*
 * Whether to look for a socket of the host, which may have been bound to the port after the VM got it. A frame that
 * begins a flow always needs the lookup; a known flow needs one a second.
 */
static __always_inline bool must_check_sockets(struct translation *translation, enum session_found found)
{
	const struct flow *flow = &translation->flow;
	struct nat_slot *slot = translation->slot;
	__u32 now = translation->now >> NAT_CHECK_SHIFT;
	bool is_first = found != SESSION_KNOWN || (flow->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;

	if (is_forward(slot) || (slot->checked == now && !is_first))
		return false;
	slot->checked = now;
	return true;
}

static __noinline bool is_for_host(struct packet *packet, struct translation *translation)
{
	const struct flow *flow = &translation->flow;

	if (!is_hosts_port(packet, translation, flow->ip.saddr, flow->source))
		return false;
	claim_for_host(packet, translation);
	return true;
}

static __noinline enum reason deliver_reply(struct packet *packet, struct translation *translation,
					    const struct nat_address *public)
{
	const struct flow *flow = &translation->flow;
	enum session_found found;

	if (!may_be_for_vm(flow, public) || !enter_by_slot(packet, translation, flow->destination, flow->protocol))
		return refuse_public(public, REASON_NAT_NO_MAPPING);
	if (!is_routable(flow->ip.saddr))
		return refuse_public(public, REASON_UNROUTABLE_SOURCE);
	found = note_session(packet, translation, flow->ip.saddr, flow->source, false);
	if (found == SESSION_NONE && !(translation->rules->flags & NAT_ANY_REMOTE))
		return refuse_public(public, REASON_NAT_FILTERED);
	if (public->flags & NAT_ADDRESS_OF_HOST && must_check_sockets(translation, found) &&
	    is_for_host(packet, translation))
		return REASON_NOT_OURS;
	note_query_reply(packet, translation);
	return deliver_in(packet, translation);
}

/* A later fragment follows its first one, which passed the filter. */
static __noinline enum reason deliver_fragment(struct packet *packet, struct translation *translation,
					       const struct nat_address *public)
{
	struct nat_fragment_key key = fragment_key(&translation->flow, 0);
	struct nat_fragment *fragment = find_fragment(&key, translation->now);

	if (!is_routable(translation->flow.ip.saddr))
		return refuse_public(public, REASON_UNROUTABLE_SOURCE);
	if (fragment)
		return enter_by_slot(packet, translation, fragment->outside.port, fragment->outside.protocol)
			       ? deliver_in(packet, translation)
			       : refuse_public(public, REASON_NAT_NO_MAPPING);
	if (!hold_fragment(packet, translation))
		return refuse_public(public, REASON_NOT_TRANSLATABLE);
	packet->refused = REASON_FRAGMENT_EARLY;
	packet->verdict = hook_drop();
	return refuse_public(public, REASON_ANSWERED);
}

/* An ICMP error about a VM's packet: the mapping must have a session with the destination of the quoted packet. */
static __always_inline enum reason admit_error(struct packet *packet, struct translation *translation,
					       const struct flow *quoted)
{
	return note_session(packet, translation, quoted->ip.daddr, quoted->destination, false) != SESSION_NONE
		       ? REASON_CONTINUE
		       : REASON_NAT_FILTERED;
}

static __noinline enum reason translate_error_in(struct packet *packet, const struct translation *translation,
						 const struct flow *quoted)
{
	const struct flow *error = &translation->flow;
	struct nat_slot *slot = translation->slot;
	__u16 port = translation->is_floating ? quoted->source : slot->port;
	__be32 inside = ipv4_of(&slot->inside);

	if (!translate_quoted(packet, error, quoted, SIDE_SOURCE, inside, port) ||
	    !translate_address(packet, error, SIDE_DESTINATION, inside))
		return REASON_NOT_TRANSLATABLE;
	return REASON_CONTINUE;
}

/* Routers without an IPv4 address send ICMP errors from 192.0.0.8 (RFC 7600). */
static __always_inline bool may_send_error(__be32 router)
{
	return is_routable(router) || router == bpf_htonl(0xc0000008);
}

/* verifier: a separate function keeps its stack out of its caller's (6.1: 512 bytes for a chain of calls). */
static __noinline enum reason deliver_translated_error(struct packet *packet, struct translation *translation,
						       const struct flow *quoted)
{
	struct receiver receiver = {};

	return check_owner(packet, translation, &receiver) ?: translate_error_in(packet, translation, quoted)
							   ?: send_to_owner(packet, translation, &receiver);
}

static __noinline enum reason deliver_error(struct packet *packet, struct translation *translation,
					    const struct nat_address *public)
{
	struct flow quoted = {};

	if (!may_send_error(translation->flow.ip.saddr))
		return refuse_public(public, REASON_UNROUTABLE_SOURCE);
	if (!read_quoted(packet, &translation->flow, &quoted) || quoted.ip.saddr != translation->flow.ip.daddr ||
	    !is_routable(quoted.ip.daddr))
		return refuse_public(public, REASON_NOT_TRANSLATABLE);
	if (!enter_by_slot(packet, translation, quoted.source, quoted.protocol) ||
	    admit_error(packet, translation, &quoted))
		return refuse_public(public, REASON_NAT_NO_MAPPING);
	return deliver_translated_error(packet, translation, &quoted);
}

/* After the first fragment was sent, the later ones may follow. */
static __noinline void lead_fragments(struct packet *packet, const struct translation *translation)
{
	struct nat_fragment_key key = fragment_key(&translation->flow, 0);

	if (note_fragment(packet->network_id, translation, &key))
		send_held(packet, translation, &key);
}

static __always_inline enum reason deliver_to_vm(struct packet *packet, struct translation *translation,
						 const struct nat_address *public)
{
	const struct flow *flow = &translation->flow;
	enum reason reason;

	if (flow->is_icmp_error)
		return deliver_error(packet, translation, public);
	if (may_follow_first(flow) && !translation->is_floating)
		return deliver_fragment(packet, translation, public);
	reason = deliver_reply(packet, translation, public);
	if (reason == REASON_FORWARDED && is_first_fragment(flow) && !translation->is_floating)
		lead_fragments(packet, translation);
	return reason;
}

static __always_inline enum reason deliver_or_report_untranslated(struct packet *packet, const struct flow *flow)
{
	return send_icmp_error_to_remote(packet, flow, 0, deliver_untranslated(packet, flow));
}

static __always_inline enum reason translate_in(struct packet *packet)
{
	struct translation translation = {.now = bpf_ktime_get_coarse_ns()};
	struct flow *flow = &translation.flow;
	struct nat_address *public;
	enum reason reason;

	if (packet->ethertype != bpf_htons(ETH_P_IP) || !read_header(packet, flow))
		return REASON_CONTINUE;
	translation.outside.address = to_address(flow->ip.daddr);
	public = bpf_map_lookup_elem(&nat_addresses, &translation.outside.address);
	if (!public)
		return read_flow(packet, flow) ? deliver_or_report_untranslated(packet, flow) : REASON_CONTINUE;
	translation.is_floating = public->flags & NAT_ADDRESS_FLOATING;
	if (!read_flow(packet, flow) || !(has_ports(flow) || may_follow_first(flow) || translation.is_floating))
		return refuse_public(public, REASON_NOT_TRANSLATABLE);
	reason = deliver_to_vm(packet, &translation, public);
	return reason == REASON_FORWARDED ? reason : send_icmp_error_to_remote(packet, flow, flow->ip.daddr, reason);
}

static __always_inline enum reason reply_for_public(struct packet *packet)
{
	struct nat_address *public;
	struct arp_packet arp;

	if (!read_arp(packet, &arp))
		return REASON_CONTINUE;
	public = asked_for(packet, &arp);
	if (!public)
		return REASON_CONTINUE;
	mark_routed(packet, packet->ifindex);
	return write_arp_reply(packet, &arp, public->mac) ?: send_back(packet);
}
