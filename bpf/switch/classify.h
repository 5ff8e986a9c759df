/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * enter_port, enter_by_tag, enter_from_host: find the network of the frame. On a port the interface selects it, on an
 * uplink the outer tag. enter_network: the same for a known id.
 * check_uplink: lets only frames of an uplink go on.
 *
 * reads    ifindex, tag_type, network
 * sets     network_id, network, now_ns, source_flags
 * reasons  NOT_ATTACHED, NOT_OURS
 * lookups  networks
 */
#pragma once

#include "../lib/eth.h"
#include "../lib/interface.h"

static __always_inline enum reason enter_network(struct packet *packet, __u32 network_id, enum reason missing)
{
	packet->network_id = network_id;
	packet->network = bpf_map_lookup_elem(&networks, &network_id);
	if (!packet->network || !packet->network->ageing_ns)
		return missing;
	/* An XDP redirect selects its target in the table "devices", which holds devices and not numbers. */
	return TC_ONLY(hook_is_at_home(packet) ? REASON_CONTINUE : missing);
}

/* Between attach and detach a port has no entry, and no frame passes it. */
static __always_inline enum reason enter_port(struct packet *packet)
{
	struct interface port = find_interface(packet->ifindex);

	if (port.kind != INTERFACE_PORT)
		return REASON_NOT_ATTACHED;
	packet->source_flags = port.flags;
	return enter_network(packet, port.network, REASON_NOT_ATTACHED);
}

/* For a frame on an uplink. 802.1ad VIDs are another number space, and no network uses it. */
static __always_inline enum reason enter_by_tag(struct packet *packet)
{
	if (packet->tag_type == bpf_htons(ETH_P_8021AD))
		return REASON_NOT_OURS;
	return enter_network(packet, find_vlan(packet->ifindex, outer_vid(packet)), REASON_NOT_OURS);
}

static __always_inline enum reason check_uplink(struct packet *packet)
{
	struct interface uplink = find_interface(packet->ifindex);

	if (uplink.kind != INTERFACE_UPLINK)
		return REASON_NOT_OURS;
	packet->source_flags = uplink.flags;
	return REASON_CONTINUE;
}

/* The host is a member of untagged networks only, so all other frames that it sends on an uplink pass. */
static __always_inline enum reason enter_from_host(struct packet *packet)
{
	packet->now_ns = bpf_ktime_get_coarse_ns();
	return outer_vid(packet) ? REASON_NOT_OURS : enter_by_tag(packet);
}
