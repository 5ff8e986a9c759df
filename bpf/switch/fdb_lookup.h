/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * find_destination: finds the one interface to send to; without one the frame is flooded.
 * check_target: checks that this interface exists and is in the network, and that the frame fits its MTU.
 *
 * reads    ifindex, ethertype, destination_mac, length, network_id, network, destination, target
 * sets     destination, target_flags, target
 * reasons  NOT_OURS, HAIRPIN, WRONG_NETWORK, NO_DEVICE
 * lookups  fdb, devices
 */
#pragma once

#include "../lib/eth.h"
#include "../lib/interface.h"
#include "fdb_learn.h"

/* On an untagged uplink, a frame for another station on the wire or for the host itself passes to the host. */
static __always_inline enum reason handle_hairpin(struct packet *packet)
{
	bool shared_with_host = packet->ifindex == packet->network->uplink && host_is_member(packet);

	return shared_with_host ? REASON_NOT_OURS : REASON_HAIRPIN;
}

/* The host is a member of untagged networks only, and only through their uplink. */
static __always_inline enum reason find_host(struct packet *packet)
{
	if (packet->target != packet->network->uplink || !host_is_member(packet))
		return REASON_WRONG_NETWORK;
	packet->destination = DESTINATION_HOST;
	return REASON_CONTINUE;
}

static __always_inline enum reason find_destination(struct packet *packet)
{
	struct fdb_key key = fdb_key_of(packet->network_id, packet->destination_mac);
	struct fdb_entry *entry;

	if (is_multicast(packet->destination_mac))
		return REASON_CONTINUE;
	entry = bpf_map_lookup_elem(&fdb, &key);
	if (!entry || has_aged(packet, entry))
		return REASON_CONTINUE;
	if (entry->ifindex == packet->ifindex)
		return handle_hairpin(packet);
	packet->target = entry->ifindex;
	if (entry->slot == FDB_SLOT_HOST)
		return find_host(packet);
	packet->destination = packet->target == packet->network->uplink ? DESTINATION_UPLINK : DESTINATION_PORT;
	return REASON_CONTINUE;
}

/* A second tag is payload, and VLAN-aware devices accept its 4 bytes in addition to their MTU. */
static __always_inline enum reason check_size(struct packet *packet, __u32 target)
{
	__u32 room = is_vlan_ethertype(packet->ethertype) ? sizeof(struct vlan_header) : 0;

	switch (hook_check_mtu(packet, target, packet->length - room)) {
	case BPF_MTU_CHK_RET_SUCCESS:
		return REASON_CONTINUE;
	case BPF_MTU_CHK_RET_FRAG_NEEDED:
	case BPF_MTU_CHK_RET_SEGS_TOOBIG:
		return hook_when_too_big;
	default:
		return REASON_NO_DEVICE;
	}
}

static __always_inline enum reason check_member(struct packet *packet, __u32 ifindex)
{
	struct interface interface = find_interface(ifindex);
	bool is_uplink = ifindex == packet->network->uplink;

	if (!interface.kind)
		return REASON_NO_DEVICE;
	if (interface.kind != (is_uplink ? INTERFACE_UPLINK : INTERFACE_PORT))
		return REASON_WRONG_NETWORK;
	if (!is_uplink && interface.network != packet->network_id)
		return REASON_WRONG_NETWORK;
	packet->target_flags = interface.flags;
	if (!bpf_map_lookup_elem(&devices, &ifindex))
		return REASON_NO_DEVICE;
	return check_size(packet, ifindex);
}

static __always_inline enum reason check_target(struct packet *packet)
{
	if (packet->destination == DESTINATION_UNKNOWN)
		return REASON_CONTINUE;
	return check_member(packet, packet->target);
}
