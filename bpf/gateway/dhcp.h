/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * reply_to_dhcp: replies to a VM's DHCP request with the lease of its port. The tail call of tail_calls.h leads here.
 *
 * reads    ifindex, length
 * sets     length
 * reasons  DHCP_UNANSWERED, ANSWER_FAILED
 * lookups  leases
 */
#pragma once

#include "dhcp_reply.h"

/* The type of the reply; 0: no reply. */
static __always_inline __u8 choose_reply(const struct dhcp_question *question, const struct lease *lease)
{
	__be32 ours = ipv4_of(&lease->address), server = question->server;
	__be32 requested = question->requested ?: question->answer.start.client;

	if (server && server != ipv4_of(&lease->server))
		return 0;
	switch (question->answer.question) {
	case DHCP_DISCOVER:
		return DHCP_OFFER;
	case DHCP_REQUEST:
		return requested == ours ? DHCP_ACK : requested ? DHCP_NAK : 0;
	case DHCP_INFORM:
		return question->answer.start.client ? DHCP_ACK : 0;
	default:
		return 0;
	}
}

static __always_inline void note_lease(struct lease *lease, const struct dhcp_question *question)
{
	__u8 reply = question->answer.reply;

	if (reply == DHCP_ACK && question->answer.question == DHCP_REQUEST) {
		__builtin_memcpy(lease->client, question->answer.start.client_mac, ETH_ALEN);
		lease->acked_ns = bpf_ktime_get_coarse_ns();
		lease->state = LEASE_BOUND;
	} else if (reply == DHCP_OFFER && lease->state != LEASE_BOUND) {
		lease->state = LEASE_OFFERED;
	} else if (question->answer.question == DHCP_RELEASE &&
		   question->answer.start.client == ipv4_of(&lease->address)) {
		lease->state = LEASE_RELEASED;
	} else if (question->answer.question == DHCP_DECLINE && question->requested == ipv4_of(&lease->address)) {
		lease->state = LEASE_DECLINED;
	}
}

static __always_inline enum reason answer_dhcp(struct packet *packet)
{
	struct lease *lease = bpf_map_lookup_elem(&leases, &packet->ifindex);
	struct dhcp_question question = {.packet = packet, .answer.ifindex = packet->ifindex};
	struct dhcp_answer *answer = &question.answer;
	__u32 asked = packet->length;
	enum reason reason;

	if (!lease || !read_dhcp_question(packet, &question))
		return REASON_DHCP_UNANSWERED;
	answer->reply = choose_reply(&question, lease);
	note_lease(lease, &question);
	if (!answer->reply)
		return REASON_DHCP_UNANSWERED;
	answer->has_echo = read_echo(packet, &question);
	answer->length = length_of_reply(lease, answer);
	reason = begin_answer(packet);
	if (reason)
		return reason;
	if (!write_dhcp_reply(packet->ctx, answer))
		return REASON_ANSWER_FAILED;
	packet->length = answer->length;
	reason = send_back(packet);
	packet->length = asked;
	return reason;
}
