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

/*
 * What of the client's own words is returned: its identifier always (RFC 6842, 3), its vendor class where that is HTTP
 * boot's, which takes no other server's answer. They stand before the lease's options; zeros between them are padding.
 */
struct dhcp_echo {
	__u8 class[2 + HTTP_CLASS_SIZE];
	__u8 client[2 + MAX_CLIENT_SIZE];
	__u8 end; /* of a NAK, which nothing follows */
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
#define DHCP_ECHO_ROOM	    (DHCP_OPTIONS_SIZE - sizeof(struct dhcp_echo)) /* for the lease's options behind one */
#define IPV4_DONT_FRAGMENT  0x4000					   /* RFC 791 */

static __always_inline void put_option(__u8 *at, __u8 code, __be32 value)
{
	at[0] = code;
	at[1] = sizeof(value);
	__builtin_memcpy(at + 2, &value, sizeof(value));
}

/* T1 and T2 are a half and seven eighths: RFC 2131, 4.4.5. An answer to DHCPINFORM has no times. */
static __always_inline struct dhcp_head make_head(const struct lease *lease, __u8 reply, bool has_times, bool has_echo)
{
	struct dhcp_head head = {.cookie = DHCP_COOKIE, .type = {DHCP_OPTION_TYPE, 1, reply}};

	put_option(head.server, DHCP_OPTION_SERVER, ipv4_of(&lease->server));
	if (has_times) {
		put_option(head.times, DHCP_OPTION_SECONDS, bpf_htonl(lease->seconds));
		put_option(head.times + 6, DHCP_OPTION_RENEWAL, bpf_htonl(lease->seconds / 2));
		put_option(head.times + 12, DHCP_OPTION_REBINDING, bpf_htonl(lease->seconds / 8 * 7));
	}
	if (reply == DHCP_NAK)
		head.times[0] = has_echo ? DHCP_OPTION_PAD : DHCP_OPTION_END;
	return head;
}

static __always_inline bool is_http_class(const __u8 class[HTTP_CLASS_SIZE])
{
	__be64 start;
	__be16 rest;

	__builtin_memcpy(&start, class, sizeof(start));
	__builtin_memcpy(&rest, class + sizeof(start), sizeof(rest));
	return start == bpf_cpu_to_be64(0x48545450436c6965) && rest == bpf_htons(0x6e74); /* HTTPClie, nt */
}

/* Read before the first byte is written. False: there is nothing to return. */
static __always_inline bool read_echo(struct packet *packet, const struct dhcp_question *question, __u8 reply,
				      struct dhcp_echo *echo)
{
	/* verifier: "invalid zero-sized read" (6.1). A mask tells it what a comparison does not. */
	__u32 size = ((question->client_size - 1) & (MAX_CLIENT_SIZE - 1)) + 1;

	if (question->class && hook_read(packet, question->class, echo->class + 2, HTTP_CLASS_SIZE) &&
	    is_http_class(echo->class + 2)) {
		echo->class[0] = DHCP_OPTION_CLASS;
		echo->class[1] = HTTP_CLASS_SIZE;
	} else {
		__builtin_memset(echo->class, 0, sizeof(echo->class));
	}
	if (question->client_size && hook_read(packet, question->client, echo->client + 2, size)) {
		echo->client[0] = DHCP_OPTION_CLIENT;
		echo->client[1] = size;
	}
	if (reply == DHCP_NAK)
		echo->end = DHCP_OPTION_END;
	return echo->class[0] || echo->client[0];
}

/* The end option is none of the last bytes, which are zero then. */
static __always_inline bool has_echo_room(const struct lease *lease)
{
	__u8 used = 0;

	for (__u32 at = DHCP_ECHO_ROOM; at < DHCP_OPTIONS_SIZE; at++)
		used |= lease->options[at];
	return !used;
}

/* 576 bytes, which all accept, but for a client with a long identifier in a network with many long options. */
static __always_inline __u32 length_of_reply(const struct lease *lease, __u8 reply, bool has_echo)
{
	if (reply == DHCP_NAK)
		return DHCP_NAK_FRAME_SIZE + (has_echo ? sizeof(struct dhcp_echo) : 0);
	return DHCP_FRAME_SIZE + (has_echo && !has_echo_room(lease) ? sizeof(struct dhcp_echo) : 0);
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

/* From there on what is left of the frame is the lease's options, or of a NAK nothing. */
static __always_inline bool write_options(struct packet *packet, struct lease *lease, const struct dhcp_echo *echo)
{
	const __u32 behind = DHCP_NAK_FRAME_SIZE + sizeof(*echo);

	if (packet->length == DHCP_NAK_FRAME_SIZE)
		return true;
	if (!echo)
		return hook_write(packet, DHCP_NAK_FRAME_SIZE, lease->options, DHCP_OPTIONS_SIZE);
	if (!hook_write(packet, DHCP_NAK_FRAME_SIZE, echo, sizeof(*echo)))
		return false;
	if (packet->length == behind)
		return true;
	return packet->length == DHCP_FRAME_SIZE ? hook_write(packet, behind, lease->options, DHCP_ECHO_ROOM)
						 : hook_write(packet, behind, lease->options, DHCP_OPTIONS_SIZE);
}

static __always_inline bool write_message(struct packet *packet, const struct dhcp_start *start, struct lease *lease,
					  const struct dhcp_head *head, const struct dhcp_echo *echo)
{
	return hook_write(packet, DHCP_START_OFFSET, start, sizeof(*start)) &&
	       hook_write(packet, DHCP_NAMES_OFFSET, lease->names, sizeof(lease->names)) &&
	       hook_write(packet, DHCP_COOKIE_OFFSET, head, sizeof(*head)) && write_options(packet, lease, echo);
}

/* By the client's address if it has one, to all if it asks for that, else by the address it gets. */
static __always_inline __be32 choose_destination(const struct dhcp_start *start, __u8 reply)
{
	if (reply == DHCP_NAK || (!start->client && start->flags & DHCP_BROADCAST))
		return bpf_htonl(0xffffffff);
	return start->client ?: start->yours;
}

static __always_inline enum reason write_dhcp_reply(struct packet *packet, const struct dhcp_question *question,
						    struct lease *lease, __u8 reply, const struct dhcp_echo *echo)
{
	bool unfinished = unknown_value(
		hook_checksum_is_unfinished(packet, DHCP_UDP_OFFSET + offsetof(struct udphdr, check)));
	bool is_nak = reply == DHCP_NAK;
	struct dhcp_start start = make_start(question, lease, reply);
	struct dhcp_head head = make_head(lease, reply, question->type != DHCP_INFORM && !is_nak, echo);
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
	if (echo)
		sum = add_up(echo, sizeof(*echo), sum);
	if (!is_nak) /* those that do not fit are zeros */
		sum = add_up(lease->options, sizeof(lease->options), sum);
	udp.check = choose_checksum(unfinished, pseudo_sum, sum);
	if (!hook_resize(packet, packet->length) || !write_message(packet, &start, lease, &head, echo) ||
	    !hook_write(packet, DHCP_UDP_OFFSET, &udp, sizeof(udp)))
		return REASON_ANSWER_FAILED;
	return write_headers(packet, ip.daddr == bpf_htonl(0xffffffff) ? everybody : start.client_mac, &ip);
}
