/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Writes the reply of the DHCP server over the client's message (RFC 2131, 4.3).
 *
 * reads    length
 * lookups  leases
 */
#pragma once

#include "dhcp_request.h"
#include "reply.h"

/* The options that the program writes. The options of the lease follow. A NAK has only type and server identifier. */
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
#define DHCP_ECHO_ROOM	    (DHCP_OPTIONS_SIZE - sizeof(struct dhcp_echo)) /* for lease options after an echo */

static __always_inline void put_option(__u8 *at, __u8 code, __be32 value)
{
	at[0] = code;
	at[1] = sizeof(value);
	__builtin_memcpy(at + 2, &value, sizeof(value));
}

/* T1 is half of the lease time, and T2 seven eighths (RFC 2131, 4.4.5). The reply to DHCPINFORM has no times. */
static __always_inline struct dhcp_head make_head(const struct lease *lease, const struct dhcp_reply *reply)
{
	struct dhcp_head head = {.cookie = DHCP_COOKIE, .type = {DHCP_OPTION_TYPE, 1, reply->reply_type}};

	put_option(head.server, DHCP_OPTION_SERVER, ipv4_of(&lease->server));
	if (reply->request_type != DHCP_INFORM && reply->reply_type != DHCP_NAK) {
		put_option(head.times, DHCP_OPTION_SECONDS, bpf_htonl(lease->seconds));
		put_option(head.times + 6, DHCP_OPTION_RENEWAL, bpf_htonl(lease->seconds / 2));
		put_option(head.times + 12, DHCP_OPTION_REBINDING, bpf_htonl(lease->seconds / 8 * 7));
	}
	if (reply->reply_type == DHCP_NAK)
		head.times[0] = reply->has_echo ? DHCP_OPTION_PAD : DHCP_OPTION_END;
	return head;
}

static __always_inline bool is_http_class(const __u8 class[HTTP_CLASS_SIZE])
{
	__be64 start;
	__be16 rest;

	__builtin_memcpy(&start, class, sizeof(start));
	__builtin_memcpy(&rest, class + sizeof(start), sizeof(rest));
	return start == bpf_cpu_to_be64(0x48545450436c6965) && rest == bpf_htons(0x6e74); /* "HTTPClie", "nt" */
}

/* Must run before the first byte is written. False: the reply returns nothing. */
static __always_inline bool read_echo(struct packet *packet, struct dhcp_request *request)
{
	/* verifier: "invalid zero-sized read" (6.1). A mask bounds the size for it; a comparison does not. */
	__u32 size = ((request->client_size - 1) & (MAX_CLIENT_SIZE - 1)) + 1;
	struct dhcp_echo *echo = &request->reply.echo;

	if (request->class && hook_read(packet, request->class, echo->class + 2, HTTP_CLASS_SIZE) &&
	    is_http_class(echo->class + 2)) {
		echo->class[0] = DHCP_OPTION_CLASS;
		echo->class[1] = HTTP_CLASS_SIZE;
	} else {
		__builtin_memset(echo->class, 0, sizeof(echo->class));
	}
	if (request->client_size && hook_read(packet, request->client, echo->client + 2, size)) {
		echo->client[0] = DHCP_OPTION_CLIENT;
		echo->client[1] = size;
	}
	if (request->reply.reply_type == DHCP_NAK)
		echo->end = DHCP_OPTION_END;
	return echo->class[0] || echo->client[0];
}

/* Whether the options of the lease fit after an echo. The bytes after their end option are zero. */
static __always_inline bool has_echo_room(const struct lease *lease)
{
	__u8 used = 0;

	for (__u32 at = DHCP_ECHO_ROOM; at < DHCP_OPTIONS_SIZE; at++)
		used |= lease->options[at];
	return !used;
}

/*
 * The reply is an IP datagram of 576 bytes, which every client accepts. It is longer only if a client with a long
 * identifier is in a network with many long options.
 */
static __always_inline __u32 length_of_reply(const struct lease *lease, const struct dhcp_reply *reply)
{
	if (reply->reply_type == DHCP_NAK)
		return DHCP_NAK_FRAME_SIZE + (reply->has_echo ? sizeof(reply->echo) : 0);
	return DHCP_FRAME_SIZE + (reply->has_echo && !has_echo_room(lease) ? sizeof(reply->echo) : 0);
}

/* Turns the fields of the request into those of the reply. */
static __always_inline void make_start(struct dhcp_reply *reply, const struct lease *lease)
{
	struct dhcp_start *start = &reply->start;
	bool is_nak = reply->reply_type == DHCP_NAK;

	start->operation = BOOTP_REPLY;
	start->hops = 0;
	start->seconds = 0;
	start->yours = is_nak || reply->request_type == DHCP_INFORM ? 0 : ipv4_of(&lease->address);
	start->boot_server = is_nak ? 0 : ipv4_of(&lease->boot_server);
	if (is_nak)
		start->client = 0;
}

static __always_inline __u32 add_up(const void *bytes, __u32 size, __u32 sum)
{
	return bpf_csum_diff(NULL, 0, (__be32 *)bytes, size, sum);
}

/* A partial checksum has the sum of the pseudo-header in its field, and the kernel finishes it. */
static __always_inline __be16 choose_checksum(bool is_partial, __u32 pseudo_sum, __u32 sum)
{
	__u16 folded = fold_checksum(pseudo_sum);

	if (is_partial)
		return folded;
	folded = ~fold_checksum(sum);
	return folded ?: 0xffff; /* RFC 768: 0 means that there is no checksum */
}

/* The rest of the frame after the head: an echo and the lease's options. A NAK has no options of the lease. */
static __always_inline bool write_options(struct packet *packet, struct lease *lease, const struct dhcp_reply *reply)
{
	const __u32 behind = DHCP_NAK_FRAME_SIZE + sizeof(reply->echo);

	if (packet->length == DHCP_NAK_FRAME_SIZE)
		return true;
	if (!reply->has_echo)
		return hook_write(packet, DHCP_NAK_FRAME_SIZE, lease->options, DHCP_OPTIONS_SIZE);
	if (!hook_write(packet, DHCP_NAK_FRAME_SIZE, &reply->echo, sizeof(reply->echo)))
		return false;
	if (packet->length == behind)
		return true;
	return packet->length == DHCP_FRAME_SIZE ? hook_write(packet, behind, lease->options, DHCP_ECHO_ROOM)
						 : hook_write(packet, behind, lease->options, DHCP_OPTIONS_SIZE);
}

static __always_inline bool write_message(struct packet *packet, struct lease *lease, const struct dhcp_head *head,
					  const struct dhcp_reply *reply)
{
	return hook_write(packet, DHCP_START_OFFSET, &reply->start, sizeof(reply->start)) &&
	       hook_write(packet, DHCP_NAMES_OFFSET, lease->names, sizeof(lease->names)) &&
	       hook_write(packet, DHCP_COOKIE_OFFSET, head, sizeof(*head)) && write_options(packet, lease, reply);
}

/* RFC 2131, 4.1: the client's address if it has one, broadcast if the client requests it, else the offered address. */
static __always_inline __be32 choose_destination(const struct dhcp_reply *reply)
{
	const struct dhcp_start *start = &reply->start;

	if (reply->reply_type == DHCP_NAK || (!start->client && start->flags & DHCP_BROADCAST))
		return bpf_htonl(0xffffffff);
	return start->client ?: start->yours;
}

/*
 * Returns whether it could write the reply.
 *
 * verifier: a global function is verified once, and not again for each kind of request that leads to it.
 */
__noinline int write_dhcp_reply(hook_ctx *ctx, struct dhcp_reply *reply)
{
	__u8 everybody[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	__u32 ifindex = reply ? reply->ifindex : 0;
	struct lease *lease = bpf_map_lookup_elem(&leases, &ifindex);
	struct packet packet = {.ctx = ctx};
	struct udp_pseudo_header pseudo;
	struct dhcp_head head;
	__u32 pseudo_sum, sum;
	struct udphdr udp;
	struct iphdr ip;
	bool is_partial;

	if (!reply || !lease)
		return false;
	packet.length = reply->length;
	is_partial = hook_checksum_is_partial(&packet, DHCP_UDP_OFFSET + offsetof(struct udphdr, check));
	make_start(reply, lease);
	head = make_head(lease, reply);
	udp = (struct udphdr){.source = DHCP_SERVER_PORT,
			      .dest = DHCP_CLIENT_PORT,
			      .len = bpf_htons(reply->length - DHCP_UDP_OFFSET)};
	pseudo = (struct udp_pseudo_header){.source = ipv4_of(&lease->server),
					    .destination = choose_destination(reply),
					    .protocol = bpf_htons(IPPROTO_UDP),
					    .length = udp.len};
	ip = (struct iphdr){.version = IPV4_VERSION,
			    .ihl = sizeof(ip) / 4,
			    .tot_len = bpf_htons(reply->length - sizeof(struct ethhdr)),
			    .frag_off = bpf_htons(IPV4_DONT_FRAGMENT),
			    .ttl = GATEWAY_TTL,
			    .protocol = IPPROTO_UDP,
			    .saddr = pseudo.source,
			    .daddr = pseudo.destination};
	pseudo_sum = add_up(&pseudo, sizeof(pseudo), 0);
	sum = add_up(&udp, sizeof(udp), pseudo_sum);
	sum = add_up(&reply->start, sizeof(reply->start), sum);
	sum = add_up(lease->names, sizeof(lease->names), sum);
	sum = add_up(&head, sizeof(head), sum);
	if (reply->has_echo)
		sum = add_up(&reply->echo, sizeof(reply->echo), sum);
	if (reply->reply_type != DHCP_NAK) /* bytes beyond the end of the frame are zero */
		sum = add_up(lease->options, sizeof(lease->options), sum);
	udp.check = choose_checksum(is_partial, pseudo_sum, sum);
	return hook_resize(&packet, reply->length) && write_message(&packet, lease, &head, reply) &&
	       hook_write(&packet, DHCP_UDP_OFFSET, &udp, sizeof(udp)) &&
	       !write_headers(&packet, ip.daddr == bpf_htonl(0xffffffff) ? everybody : reply->start.client_mac, &ip);
}
