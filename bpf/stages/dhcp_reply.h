/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Writing a DHCP server's message over the client's: RFC 2131, 4.3.
 */
#pragma once

#include "dhcp_request.h"

/* The options the program writes itself; those of the lease follow. A NAK ends behind the server's. */
struct dhcp_head {
	__be32 cookie;
	__u8 type[3];
	__u8 server[6];
	__u8 times[18];
	__u8 pad;
};

struct udp_pseudo_header {
	__be32 source;
	__be32 destination;
	__be16 protocol;
	__be16 length;
};

#define DHCP_NAK_FRAME_SIZE (DHCP_COOKIE_OFFSET + sizeof(struct dhcp_head))
#define DHCP_FRAME_SIZE	    (DHCP_NAK_FRAME_SIZE + DHCP_OPTIONS_SIZE)
#define IPV4_DONT_FRAGMENT  0x4000 /* RFC 791 */

static __always_inline void put_option(__u8 *at, __u8 code, __be32 value)
{
	at[0] = code;
	at[1] = sizeof(value);
	__builtin_memcpy(at + 2, &value, sizeof(value));
}

/* T1 and T2 are a half and seven eighths: RFC 2131, 4.4.5. An answer to DHCPINFORM has no times. */
static __always_inline struct dhcp_head make_head(const struct lease *lease, __u8 reply, bool has_times)
{
	struct dhcp_head head = {.cookie = DHCP_COOKIE, .type = {DHCP_OPTION_TYPE, 1, reply}};

	put_option(head.server, DHCP_OPTION_SERVER, ipv4_of(&lease->server));
	if (has_times) {
		put_option(head.times, DHCP_OPTION_SECONDS, bpf_htonl(lease->seconds));
		put_option(head.times + 6, DHCP_OPTION_RENEWAL, bpf_htonl(lease->seconds / 2));
		put_option(head.times + 12, DHCP_OPTION_REBINDING, bpf_htonl(lease->seconds / 8 * 7));
	}
	if (reply == DHCP_NAK)
		head.times[0] = DHCP_OPTION_END;
	return head;
}

static __always_inline struct dhcp_start make_start(const struct dhcp_question *question, const struct lease *lease,
						    __u8 reply)
{
	struct dhcp_start start = question->start;

	start.operation = BOOTP_REPLY;
	start.hops = 0;
	start.seconds = 0;
	start.yours = reply == DHCP_NAK || question->type == DHCP_INFORM ? 0 : ipv4_of(&lease->address);
	start.boot_server = reply == DHCP_NAK ? 0 : ipv4_of(&lease->boot_server);
	if (reply == DHCP_NAK)
		start.client = 0;
	return start;
}

static __always_inline __u32 add_up(const void *bytes, __u32 size, __u32 sum)
{
	return bpf_csum_diff(NULL, 0, (__be32 *)bytes, size, sum);
}

/* Where the sum is left to be finished, what the field has to hold is the sum of the pseudo-header. */
static __always_inline __be16 choose_checksum(bool unfinished, __u32 pseudo_sum, __u32 sum)
{
	__u16 folded = fold_checksum(pseudo_sum);

	if (unfinished)
		return folded;
	folded = ~fold_checksum(sum);
	return folded ?: 0xffff; /* RFC 768: 0 would say that there is none */
}

static __always_inline bool write_message(struct packet *packet, const struct dhcp_start *start, struct lease *lease,
					  const struct dhcp_head *head, bool is_nak)
{
	return hook_write(packet, DHCP_START_OFFSET, start, sizeof(*start)) &&
	       hook_write(packet, DHCP_NAMES_OFFSET, lease->names, sizeof(lease->names)) &&
	       hook_write(packet, DHCP_COOKIE_OFFSET, head, sizeof(*head)) &&
	       (is_nak || hook_write(packet, DHCP_NAK_FRAME_SIZE, lease->options, sizeof(lease->options)));
}

/* By the client's address if it has one, to all if it asks for that, else by the address it gets. */
static __always_inline __be32 choose_destination(const struct dhcp_start *start, __u8 reply)
{
	if (reply == DHCP_NAK || (!start->client && start->flags & DHCP_BROADCAST))
		return bpf_htonl(0xffffffff);
	return start->client ?: start->yours;
}

static __always_inline enum reason write_dhcp_reply(struct packet *packet, const struct dhcp_question *question,
						    struct lease *lease, __u8 reply)
{
	bool unfinished = hook_checksum_is_unfinished(packet, DHCP_UDP_OFFSET + offsetof(struct udphdr, check));
	bool is_nak = reply == DHCP_NAK;
	struct dhcp_start start = make_start(question, lease, reply);
	struct dhcp_head head = make_head(lease, reply, question->type != DHCP_INFORM && !is_nak);
	__be16 length = bpf_htons(packet->length - DHCP_UDP_OFFSET);
	struct udp_pseudo_header pseudo = {.source = ipv4_of(&lease->server),
					   .destination = choose_destination(&start, reply),
					   .protocol = bpf_htons(IPPROTO_UDP),
					   .length = length};
	struct udphdr udp = {.source = DHCP_SERVER_PORT, .dest = DHCP_CLIENT_PORT, .len = length};
	struct iphdr ip = {.version = IPV4_VERSION,
			   .ihl = sizeof(ip) / 4,
			   .tot_len = bpf_htons(packet->length - sizeof(struct ethhdr)),
			   .frag_off = bpf_htons(IPV4_DONT_FRAGMENT),
			   .ttl = GATEWAY_TTL,
			   .protocol = IPPROTO_UDP,
			   .saddr = pseudo.source,
			   .daddr = pseudo.destination};
	__u8 everybody[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	__u32 pseudo_sum = add_up(&pseudo, sizeof(pseudo), 0);
	__u32 sum = add_up(&udp, sizeof(udp), pseudo_sum);

	sum = add_up(&start, sizeof(start), sum);
	sum = add_up(lease->names, sizeof(lease->names), sum);
	sum = add_up(&head, sizeof(head), sum);
	if (!is_nak)
		sum = add_up(lease->options, sizeof(lease->options), sum);
	udp.check = choose_checksum(unfinished, pseudo_sum, sum);
	if (!hook_resize(packet, packet->length) || !write_message(packet, &start, lease, &head, is_nak) ||
	    !hook_write(packet, DHCP_UDP_OFFSET, &udp, sizeof(udp)))
		return REASON_ANSWER_FAILED;
	return write_headers(packet, ip.daddr == bpf_htonl(0xffffffff) ? everybody : start.client_mac, &ip);
}
