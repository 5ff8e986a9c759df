/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A packet's whole way, top to bottom.
 *
 * A stage returns a reason. REASON_CONTINUE, which is zero, lets the next stage run; any other ends the way, and
 * finish() counts it and turns it into the hook's verdict. Directions are the host's view. Each program exists under
 * XDP and under tc from this one text: the hook's include gives the operations (hook/xdp.h, hook/tc.h).
 *
 * What holds:
 *   - nothing changes the frame before every decision about it has been made, so XDP can leave it whole to tc;
 *   - nothing is sent to an interface whose entry does not name the frame's own network (check_member);
 *   - a port's programs drop what no stage carried; an uplink's leave to the host what no network owns.
 */
#pragma once

#include "stages/admit.h"
#include "stages/beside.h"
#include "stages/between.h"
#include "stages/beyond.h"
#include "stages/claim.h"
#include "stages/dhcp.h"
#include "stages/emit.h"
#include "stages/enter.h"
#include "stages/find.h"
#include "stages/forward.h"
#include "stages/gateway.h"
#include "stages/learn.h"
#include "stages/neighbour.h"
#include "stages/offload.h"
#include "stages/outside.h"
#include "stages/parse.h"
#include "stages/route.h"

/* A frame a VM sent, on its port. */
static __always_inline enum reason from_vm(struct packet *packet)
{
	return parse(packet)
	       ?: enter_port(packet)
	       ?: refuse_tagged(packet)
	       ?: refuse_bad_source(packet)
	       ?: refuse_link_local(packet)
	       ?: refuse_false_offloads(packet)
	       ?: refuse_false_gateway(packet)
	       ?: refuse_dhcp_server(packet)
	       ?: learn_source(packet)
	       ?: answer_arp(packet)
	       ?: leave_to_dhcp(packet)
	       ?: answer_as_gateway(packet)
	       ?: leave_to_outside(packet)
	       ?: find_destination(packet)
	       ?: check_target(packet)
	       ?: leave_to_tc(packet)
	       ?: send_to_port(packet)
	       ?: send_to_uplink(packet)
	       ?: send_to_host(packet)
	       ?: flood(packet);
}

/* A frame of the wire, on an uplink: a VM's by its public address, a network's by its outer tag, or the host's. */
static __always_inline enum reason from_uplink(struct packet *packet)
{
	return parse(packet)
	       ?: leave_own_from_outside(packet)
	       ?: enter_uplink(packet)
	       ?: leave_from_outside(packet)
	       ?: enter_by_tag(packet)
	       ?: leave_to_host(packet, refuse_link_local(packet))
	       ?: leave_to_host(packet, refuse_bad_source(packet))
	       ?: refuse_false_offloads(packet)
	       ?: refuse_false_gateway(packet)
	       ?: refuse_to_gateway(packet)
	       ?: refuse_dhcp_server(packet)
	       ?: learn_source(packet)
	       ?: find_destination(packet)
	       ?: check_target(packet)
	       ?: leave_to_tc(packet)
	       ?: send_to_port(packet)
	       ?: flood(packet);
}

/* A frame the host sends on an uplink: to what is forwarded, or as a member of an untagged network. tc egress only. */
static __always_inline enum reason from_host(struct packet *packet)
{
	return parse(packet)
	       ?: enter_uplink(packet)
	       ?: leave_to_forward(packet)
	       ?: enter_from_host(packet)
	       ?: find_destination(packet)
	       ?: check_target(packet)
	       ?: send_to_port(packet)
	       ?: flood(packet);
}

/* Where what a VM asks of DHCP goes on. tc only. */
static __always_inline enum reason to_dhcp(struct packet *packet)
{
	return parse(packet) ?: enter_port(packet) ?: answer_dhcp(packet);
}

/* Where a VM's frame for somebody beyond its gateway goes on. tc only. */
static __always_inline enum reason to_outside(struct packet *packet)
{
	return parse(packet) ?: enter_port(packet) ?: route_between(packet) ?: route(packet);
}

/* Where a frame of the wire for a public address goes on. tc only. */
static __always_inline enum reason from_outside(struct packet *packet)
{
	return put_back_priority(packet, parse(packet)
					 ?: enter_uplink(packet)
					 ?: refuse_false_offloads(packet)
					 ?: take_off_priority(packet)
					 ?: take_from_outside(packet)
					 ?: answer_for_public(packet)
					 ?: REASON_HOSTS_OWN);
}

/*
 * Where what the host sends to or from a public address goes on; and, on lo, all that it sends to itself. tc egress only.
 */
static __always_inline enum reason to_forward(struct packet *packet)
{
	return put_back_priority(packet, parse(packet)
					 ?: take_off_priority(packet)
					 ?: claim_port(packet)
					 ?: take_from_host(packet)
					 ?: answer_host_for_public(packet)
					 ?: enter_uplink(packet)
					 ?: enter_from_host(packet)
					 ?: find_destination(packet)
					 ?: check_target(packet)
					 ?: send_to_port(packet)
					 ?: flood(packet));
}
