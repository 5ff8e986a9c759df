/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * refuse_dhcp_server: drops messages of other DHCP servers, in a network that has DHCP.
 * leave_to_dhcp: tail call to to_dhcp() for a VM's request to the network's DHCP server. tc only.
 * answer_dhcp: replies with the lease of the port.
 *
 * reads    ifindex, destination_mac, ethertype, tag_type, tag_in_frame, network, segment
 * sets     those of answer.h; length while the reply is sent
 * returns  ROGUE_DHCP_SERVER; LEAVE_TO_TC; DHCP_UNANSWERED, ANSWERED, ANSWER_FAILED and those of answer.h
 * lookups  for a DHCP message: leases, and those of answer.h
 */
#pragma once

#include "dhcp_reply.h"
#include "dhcp_request.h"
#include "gateway.h"

static __always_inline bool has_dhcp(const struct packet *packet)
{
	return packet->segment->flags & NETWORK_DHCP && packet->ethertype == bpf_htons(ETH_P_IP);
}

/* The ports of a UDP datagram, or of its first fragment. */
static __always_inline bool read_ports(struct packet *packet, struct udp_ports *ports)
{
	struct iphdr *ip = hook_bytes(packet, header_offset(packet), sizeof(*ip));
	struct udp_ports *bytes;

	if (!ip || ip->protocol != IPPROTO_UDP || ip->frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET))
		return false;
	bytes = hook_bytes(packet, header_offset(packet) + ip->ihl * 4, sizeof(*bytes));
	if (!bytes)
		return false;
	*ports = *bytes;
	return true;
}

/* Clients take a reply from any port. */
static __noinline bool is_dhcp_reply(struct packet *packet)
{
	struct udp_ports ports;

	return read_ports(packet, &ports) && ports.destination == DHCP_CLIENT_PORT;
}

static __always_inline enum reason refuse_dhcp_server(struct packet *packet)
{
	return has_dhcp(packet) && is_dhcp_reply(packet) ? REASON_ROGUE_DHCP_SERVER : REASON_CONTINUE;
}

/* A request is broadcast, or to the gateway. Other addresses belong to other servers or relays (RFC 3046). */
static __noinline bool is_dhcp_question(struct packet *packet)
{
	struct udp_ports ports;
	struct iphdr *ip;
	__be32 server;

	if (!read_ports(packet, &ports) || ports.destination != DHCP_SERVER_PORT)
		return false;
	ip = hook_bytes(packet, header_offset(packet), sizeof(*ip));
	if (!ip)
		return false;
	server = ip->daddr;
	return server == bpf_htonl(0xffffffff) || is_gateway_address(packet->network, server);
}

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

static __always_inline enum reason leave_to_dhcp(struct packet *packet)
{
	bool is_for_us = is_multicast(packet->destination_mac) || is_gateway_mac(packet->destination_mac);

	if (!has_dhcp(packet) || !is_for_us || !is_dhcp_question(packet))
		return REASON_CONTINUE;
	if (!hook_keeps_offloads)
		return REASON_LEAVE_TO_TC;
	hook_continue_in(packet, CONTINUATION_TO_DHCP);
	return REASON_DHCP_UNANSWERED;
}
