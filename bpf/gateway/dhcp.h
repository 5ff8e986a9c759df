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
static __always_inline __u8 choose_reply(const struct dhcp_request *request, const struct lease *lease)
{
	__be32 ours = ipv4_of(&lease->address), server = request->server;
	__be32 requested = request->requested ?: request->reply.start.client;

	if (server && server != ipv4_of(&lease->server))
		return 0;
	switch (request->reply.request_type) {
	case DHCP_DISCOVER:
		return DHCP_OFFER;
	case DHCP_REQUEST:
		return requested == ours ? DHCP_ACK : requested ? DHCP_NAK : 0;
	case DHCP_INFORM:
		return request->reply.start.client ? DHCP_ACK : 0;
	default:
		return 0;
	}
}

static __always_inline void note_lease(struct lease *lease, const struct dhcp_request *request)
{
	__u8 type = request->reply.reply_type;

	if (type == DHCP_ACK && request->reply.request_type == DHCP_REQUEST) {
		__builtin_memcpy(lease->client, request->reply.start.client_mac, ETH_ALEN);
		lease->acked_ns = bpf_ktime_get_coarse_ns();
		lease->state = LEASE_BOUND;
	} else if (type == DHCP_OFFER && lease->state != LEASE_BOUND) {
		lease->state = LEASE_OFFERED;
	} else if (request->reply.request_type == DHCP_RELEASE &&
		   request->reply.start.client == ipv4_of(&lease->address)) {
		lease->state = LEASE_RELEASED;
	} else if (request->reply.request_type == DHCP_DECLINE && request->requested == ipv4_of(&lease->address)) {
		lease->state = LEASE_DECLINED;
	}
}

static __always_inline enum reason reply_to_dhcp(struct packet *packet)
{
	struct lease *lease = bpf_map_lookup_elem(&leases, &packet->ifindex);
	struct dhcp_request request = {.packet = packet, .reply.ifindex = packet->ifindex};
	struct dhcp_reply *reply = &request.reply;
	__u32 asked = packet->length;
	enum reason reason;

	if (!lease || !read_dhcp_request(packet, &request))
		return REASON_DHCP_UNANSWERED;
	reply->reply_type = choose_reply(&request, lease);
	note_lease(lease, &request);
	if (!reply->reply_type)
		return REASON_DHCP_UNANSWERED;
	reply->has_echo = read_echo(packet, &request);
	reply->length = length_of_reply(lease, reply);
	reason = begin_reply(packet);
	if (reason)
		return reason;
	if (!write_dhcp_reply(packet->ctx, reply))
		return REASON_ANSWER_FAILED;
	packet->length = reply->length;
	reason = send_back(packet);
	packet->length = asked;
	return reason;
}
