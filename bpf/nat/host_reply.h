/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * deliver_to_host: delivers a VM's reply to the host to the interface on which the host sent. No VM can reach the host
 * otherwise.
 *
 * reasons  POP_FAILED, NOT_TRANSLATABLE
 * lookups  host_flows
 */
#pragma once

#include "../lib/gateway.h"
#include "../switch/flood.h"
#include "mapping.h"
#include "translate.h"

static __always_inline struct host_flow_key flow_of_host(const struct translation *translation, __be32 host,
							 __u16 host_port, __u16 port)
{
	return (struct host_flow_key){
		.outside = translation->outside.address,
		.host = to_address(host),
		.port = port,
		.host_port = host_port,
		.protocol = translation->flow.protocol,
	};
}

/* A flow of the host lives as long as a session with a remote. Only the host opens a TCP connection. */
static __always_inline bool is_expected(const struct host_flow *host, const struct translation *translation)
{
	const struct flow *flow = &translation->flow;
	__u64 time_ns = flow->protocol == NAT_TCP ? NAT_TCP_NS : NAT_UDP_NS;
	bool opens = flow->protocol == NAT_TCP && (flow->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;

	return host && !opens && host->last_seen_ns + time_ns > translation->now;
}

static __noinline enum reason deliver_to_host(struct packet *packet, struct translation *translation)
{
	const struct flow *flow = &translation->flow;
	__u16 port = translation->outside.port;
	struct host_flow_key key = flow_of_host(translation, flow->ip.daddr, flow->destination, port);
	struct host_flow *host = bpf_map_lookup_elem(&host_flows, &key);
	__u8 gateway_mac[ETH_ALEN];

	if (!is_expected(host, translation))
		return REASON_CONTINUE;
	set_gateway_mac(gateway_mac);
	if (pop_tag(packet))
		return REASON_POP_FAILED;
	if (!translate(packet, flow, SIDE_SOURCE, ipv4_of(&translation->outside.address), port) ||
	    !decrease_ttl(packet, flow) || !write_macs(packet, host->mac, gateway_mac))
		return REASON_NOT_TRANSLATABLE;
	__sync_fetch_and_add(&translation->slot->bytes_out, bpf_ntohs(flow->ip.tot_len));
	return redirect_to_host(packet, host->ifindex);
}
