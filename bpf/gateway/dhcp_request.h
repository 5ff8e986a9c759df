/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The format of a DHCP message, and the reader of a client's message (RFC 2131, RFC 2132).
 *
 * reads    network_id
 */
#pragma once

#include "../lib/dhcp.h"
#include "../lib/flow.h"

#define DHCP_COOKIE	 bpf_htonl(0x63825363)
#define DHCP_BROADCAST	 bpf_htons(0x8000) /* bit of `flags`: the client cannot receive unicast yet */
#define BOOTP_REQUEST	 1
#define BOOTP_REPLY	 2
#define BOOTP_ETHERNET	 1
#define HTTP_CLASS	 "HTTPClient" /* start of the vendor class of HTTP boot: UEFI 2.10, 24.7.2.2 */
#define HTTP_CLASS_SIZE	 10
#define MAX_CLIENT_SIZE	 64  /* longest client identifier that a reply returns */
#define MAX_DHCP_OPTIONS 128 /* options that are read; each byte of padding counts as one */

enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM,
};

enum dhcp_option {
	DHCP_OPTION_PAD = 0,
	DHCP_OPTION_REQUESTED = 50,
	DHCP_OPTION_SECONDS = 51,
	DHCP_OPTION_TYPE = 53,
	DHCP_OPTION_SERVER = 54,
	DHCP_OPTION_RENEWAL = 58,
	DHCP_OPTION_REBINDING = 59,
	DHCP_OPTION_CLASS = 60,
	DHCP_OPTION_CLIENT = 61,
	DHCP_OPTION_END = 255,
};

/* The fields of a DHCP message before sname. */
struct dhcp_start {
	__u8 operation;
	__u8 hardware;
	__u8 hardware_size;
	__u8 hops;
	__be32 transaction;
	__be16 seconds;
	__be16 flags;
	__be32 client; /* the client's address, if it already has one */
	__be32 yours;
	__be32 boot_server;
	__be32 relay;
	__u8 client_mac[16];
};

/* Offsets in an untagged frame. While a tag is in the frame, its size has to be added. */
#define DHCP_UDP_OFFSET	    (sizeof(struct ethhdr) + sizeof(struct iphdr))
#define DHCP_START_OFFSET   (DHCP_UDP_OFFSET + sizeof(struct udphdr))
#define DHCP_NAMES_OFFSET   (DHCP_START_OFFSET + sizeof(struct dhcp_start))
#define DHCP_COOKIE_OFFSET  (DHCP_NAMES_OFFSET + DHCP_NAMES_SIZE)
#define DHCP_OPTIONS_OFFSET (DHCP_COOKIE_OFFSET + sizeof(__be32))

/*
 * The options of the client that the reply returns: the client identifier always (RFC 6842, 3), and the vendor class of
 * HTTP boot, without which such a client ignores the reply. They come before the lease's options. Zeros between them
 * are padding.
 */
struct dhcp_echo {
	__u8 class[2 + HTTP_CLASS_SIZE];
	__u8 client[2 + MAX_CLIENT_SIZE];
	__u8 end; /* end option of a NAK, which has no options of the lease */
	__u8 pad;
};

/* Everything that a reply needs besides the lease. */
struct dhcp_reply {
	struct dhcp_start start; /* copied from the request */
	struct dhcp_echo echo;
	__u32 ifindex;
	__u32 length;	   /* length of the frame in bytes */
	__u8 request_type; /* enum dhcp_type */
	__u8 reply_type;   /* enum dhcp_type */
	__u8 has_echo;
	__u8 pad;
};

struct dhcp_request {
	struct packet *packet;
	__u32 next; /* offset of the next option in the frame */
	__u32 end;
	__be32 requested;
	__be32 server;
	__u32 class;	   /* offset of a vendor class that may be HTTP_CLASS; 0: none */
	__u32 client;	   /* offset of the client identifier */
	__u32 client_size; /* 0: no identifier that a reply returns */
	struct dhcp_reply reply;
};

/* An option whose size differs from the standard's is ignored. */
static __always_inline void store_option(struct dhcp_request *request, __u8 code, __u8 size)
{
	__u32 at = request->next + 2;
	__u8 type = 0;

	if (code == DHCP_OPTION_TYPE && size == sizeof(type)) {
		hook_read(request->packet, at, &type, sizeof(type));
		request->reply.request_type = type;
	} else if (code == DHCP_OPTION_REQUESTED && size == sizeof(request->requested)) {
		hook_read(request->packet, at, &request->requested, sizeof(request->requested));
	} else if (code == DHCP_OPTION_CLASS && size >= HTTP_CLASS_SIZE) {
		request->class = at;
	} else if (code == DHCP_OPTION_CLIENT && size && size <= MAX_CLIENT_SIZE) {
		request->client = at;
		request->client_size = size;
	} else if (code == DHCP_OPTION_SERVER && size == sizeof(request->server)) {
		hook_read(request->packet, at, &request->server, sizeof(request->server));
	}
}

static long read_option(__u32 i, struct dhcp_request *request)
{
	__u8 code_and_size[2] = {};

	if (request->next >= request->end || !hook_read(request->packet, request->next, code_and_size, 1) ||
	    code_and_size[0] == DHCP_OPTION_END)
		return 1;
	if (code_and_size[0] == DHCP_OPTION_PAD) {
		request->next++;
		return 0;
	}
	if (!hook_read(request->packet, request->next, code_and_size, sizeof(code_and_size)) ||
	    request->next + 2 + code_and_size[1] > request->end)
		return 1;
	store_option(request, code_and_size[0], code_and_size[1]);
	request->next += 2 + code_and_size[1];
	return 0;
}

/*
 * Returns its argument.
 *
 * verifier: the result of a global function is an unknown number, so the code that uses it is verified for all values
 * at once.
 */
__noinline int unknown_value(int value)
{
	barrier_var(value);
	return value;
}

/* The offset in the frame where the UDP datagram ends; 0: not a whole datagram, or not for this DHCP server. */
static __noinline __u32 end_of_datagram(struct packet *packet)
{
	__u32 offset = header_offset(packet);
	struct udphdr udp;
	struct iphdr ip;

	if (!read_ipv4(packet, &ip) || ip.frag_off & bpf_htons(IPV4_ANY_FRAGMENT) ||
	    (ip.daddr != bpf_htonl(0xffffffff) && !is_gateway_address(packet->network_id, ip.daddr)))
		return 0;
	if (!hook_read(packet, offset + sizeof(ip), &udp, sizeof(udp)) ||
	    bpf_ntohs(udp.len) + sizeof(ip) > bpf_ntohs(ip.tot_len))
		return 0;
	return offset + sizeof(ip) + bpf_ntohs(udp.len);
}

static __always_inline bool read_dhcp_request(struct packet *packet, struct dhcp_request *request)
{
	__u32 shift = header_offset(packet) - sizeof(struct ethhdr);
	struct dhcp_start *start = &request->reply.start;
	__be32 cookie = 0;

	request->next = shift + DHCP_OPTIONS_OFFSET;
	request->end = end_of_datagram(packet);
	if (request->next >= request->end || !hook_read(packet, shift + DHCP_START_OFFSET, start, sizeof(*start)) ||
	    !hook_read(packet, shift + DHCP_COOKIE_OFFSET, &cookie, sizeof(cookie)))
		return false;
	if (cookie != DHCP_COOKIE || start->operation != BOOTP_REQUEST || start->hardware != BOOTP_ETHERNET ||
	    start->hardware_size != ETH_ALEN || start->relay)
		return false;
	/*
	 * verifier: Linux 6.1 verifies a callback of bpf_loop once, and assumes that it changes nothing. With a known
	 * zero it would skip the code that runs if the callback found the option.
	 */
	request->class = unknown_value(0);
	request->client_size = unknown_value(0);
	bpf_loop(MAX_DHCP_OPTIONS, read_option, request, 0);
	return true;
}
