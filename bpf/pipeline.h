/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The path of a packet through xvnet, from top to bottom.
 *
 * Each function below is a pipeline: a list of stages that run in this order. A stage returns a reason.
 * REASON_CONTINUE is zero and lets the next stage run. Any other reason ends the pipeline; finish() counts it and
 * translates it to the hook's verdict. "from" and "to" are the host's view.
 *
 * from_vm and from_uplink run under XDP and under tc. A stage in TC_ONLY() or XDP_ONLY() is compiled for that hook
 * only; all others differ by hook only in the operations of hook/xdp.h and hook/tc.h. The other pipelines run under tc
 * only. The last four are entered by a tail call. They start with the frame alone, so they parse it again.
 *
 * Folders: lib/ reads protocols and tables and decides nothing. switch/ has the stages of every frame. gateway/ has the
 * services of a network, and nat/ the translation; both run under tc only. .ci/includes.py checks the includes between
 * folders.
 *
 * Invariants:
 *   - XDP does not write to a frame above pass_unsafe_to_tc. A frame that XDP passes to tc is the frame that arrived.
 *   - A port gets a frame only if its entry in `interfaces` names the frame's network (check_member).
 *   - On a port, a frame that no stage carries is dropped. On an uplink, a frame that no network owns passes to the
 *     host unmodified.
 */
#pragma once

#include "switch/classify.h"
#include "switch/emit.h"
#include "switch/fdb_learn.h"
#include "switch/fdb_lookup.h"
#include "switch/ingress_filter.h"
#include "switch/parse.h"

/* Each hook reads only the stages that it has. A stage of tc uses operations that hook/xdp.h does not declare. */
#ifdef HOOK_TC
#include "gateway/arp.h"
#include "gateway/dhcp.h"
#include "gateway/ping.h"
#include "gateway/router.h"
#include "nat/claim.h"
#include "nat/host.h"
#include "nat/in.h"
#include "nat/out.h"
#include "switch/flood.h"
#include "switch/host_address.h"
#include "switch/mark.h"
#include "switch/offload_filter.h"
#include "tail_calls.h"
#else
#include "switch/xdp_safe.h"
#endif

/* A frame from a VM, received on its port. */
static __always_inline enum reason from_vm(struct packet *packet)
{
	return parse(packet)
	       ?: enter_port(packet)

	       /* From here on the network is fixed: every later lookup uses its id. */

	       /* Refuse what the VM must not send. A refused frame changes nothing but its counter. */
	       ?: refuse_tagged(packet)
	       ?: refuse_bad_source(packet)
	       ?: refuse_link_local(packet)
	       ?: TC_ONLY(refuse_false_offloads(packet))
	       ?: refuse_false_gateway(packet)
	       ?: refuse_dhcp_server(packet)

	       /* Only a frame that was not refused may change the FDB. */
	       ?: learn_source(packet)

	       /* The services of the network: ARP, DHCP, the gateway. tc replies; XDP passes these frames to tc. */
	       ?: XDP_ONLY(pass_services_to_tc(packet))
	       ?: TC_ONLY(reply_to_arp(packet))
	       ?: TC_ONLY(tail_call_dhcp(packet))
	       ?: TC_ONLY(reply_as_gateway(packet))
	       ?: TC_ONLY(tail_call_nat_out(packet))

	       /* From here on the frame stays in its network. Choose the receiver, then check it. */
	       ?: find_destination(packet)
	       ?: check_target(packet)
	       ?: TC_ONLY(check_host_address(packet))

	       /* XDP passes the frames to tc that it cannot carry without damage. Under XDP nothing above may write. */
	       ?: XDP_ONLY(pass_unsafe_to_tc(packet))

	       /* One of these sends the frame. Only now is it rewritten, because its receiver is known. */
	       ?: send_to_port(packet)
	       ?: send_to_uplink(packet)
	       ?: TC_ONLY(send_to_host(packet))
	       ?: TC_ONLY(flood(packet));
}

/* A frame received on an uplink. It is for a public address, or for the network of its outer tag, or for the host. */
static __always_inline enum reason from_uplink(struct packet *packet)
{
	return parse(packet)

	       /* A frame that xvnet sent to the host passes, unless it is for a public address. */
	       ?: TC_ONLY(tail_call_own_nat_in(packet))
	       ?: TC_ONLY(check_mark(packet))
	       ?: check_uplink(packet)

	       /* Frames for public addresses go to the NAT before the tag selects a network. */
	       ?: XDP_ONLY(pass_public_to_tc(packet))
	       ?: TC_ONLY(tail_call_nat_in(packet))
	       ?: enter_by_tag(packet)

	       /* From here on the network is fixed. Frames of no network have passed to the host. */

	       /* In an untagged network the frames that these two refuse go to the host: it may run LLDP or LACP there. */
	       ?: pass_to_host(packet, refuse_link_local(packet))
	       ?: pass_to_host(packet, refuse_bad_source(packet))

	       /* Refuse what the wire must not send into a network. A refused frame changes nothing but its counter. */
	       ?: TC_ONLY(refuse_false_offloads(packet))
	       ?: refuse_false_gateway(packet)
	       ?: refuse_to_gateway(packet)
	       ?: refuse_dhcp_server(packet)
	       ?: learn_source(packet)

	       /* Choose the receiver, then check it. A frame for the wire or for the host passes unmodified here. */
	       ?: find_destination(packet)
	       ?: check_target(packet)
	       ?: TC_ONLY(check_host_address(packet))

	       /* The last decision of XDP. Under XDP nothing above may write. */
	       ?: XDP_ONLY(pass_unsafe_to_tc(packet))

	       /* The receivers left are ports and, for a flood in an untagged network, the host. */
	       ?: send_to_port(packet)
	       ?: XDP_ONLY(REASON_PASS_TO_TC)
	       ?: TC_ONLY(flood(packet));
}

#ifdef HOOK_TC
/* A frame that the host sends on an uplink. tc egress only. */
static __always_inline enum reason from_host(struct packet *packet)
{
	return parse(packet)
	       ?: check_mark(packet)
	       ?: check_uplink(packet)

	       /* A frame that concerns a public address may match a forward, whose VM is not on the wire. */
	       ?: tail_call_host_out(packet)

	       /* The host is a member of untagged networks only. All other frames pass to the wire. */
	       ?: enter_from_host(packet)

	       /* The loader writes the host's MAC to the FDB, so there is nothing to learn. */
	       ?: find_destination(packet)
	       ?: check_target(packet)
	       ?: check_host_address(packet)

	       /* A local port gets the frame instead of the wire. For a flood, the wire gets the original. */
	       ?: send_to_port(packet)
	       ?: flood(packet);
}

/* Tail call of tc_from_vm: a DHCP message from a VM to the server of its network. */
static __always_inline enum reason to_dhcp(struct packet *packet)
{
	return parse(packet) ?: enter_port(packet) ?: reply_to_dhcp(packet);
}

/*
 * Tail call of tc_from_vm: a frame to a destination beyond the gateway. tc_from_vm has refused what the VM must not
 * send. Networks of the same router come first, then the NAT.
 */
static __always_inline enum reason to_outside(struct packet *packet)
{
	return parse(packet) ?: enter_port(packet) ?: route_to_network(packet) ?: route_out(packet);
}

/* Tail call of tc_from_uplink: a frame to a public address. */
static __always_inline enum reason from_outside(struct packet *packet)
{
	return restore_priority_tag(packet, parse(packet)
					 ?: check_mark(packet)
					 ?: check_uplink(packet)
					 ?: refuse_false_offloads(packet)

					 /* From here on the frame has no tag. It gets the tag back if it passes to the host. */
					 ?: remove_priority_tag(packet)

					 /* The mapping of the public port selects the network. */
					 ?: translate_in(packet)
					 ?: reply_for_public(packet)

					 /* No mapping expects the frame. */
					 ?: REASON_NOT_OURS);
}

/*
 * Tail call of tc_from_host: a frame that the host sends to or from a public address. While a forward uses an address
 * of the host, this pipeline also runs on lo's egress, for everything that the host sends to itself.
 */
static __always_inline enum reason to_forward(struct packet *packet)
{
	return restore_priority_tag(packet, parse(packet)
					 ?: remove_priority_tag(packet)

					 /* A port that the host uses becomes the host's: a VM's mapping of it ends. */
					 ?: claim_port(packet)

					 /* A frame to a forward goes to its VM, not to the wire. */
					 ?: forward_from_host(packet)
					 ?: reply_to_host_arp(packet)

					 /* All other frames continue as in from_host; on lo they pass. */
					 ?: check_mark(packet)
					 ?: check_uplink(packet)
					 ?: enter_from_host(packet)
					 ?: find_destination(packet)
					 ?: check_target(packet)
					 ?: check_host_address(packet)
					 ?: send_to_port(packet)
					 ?: flood(packet));
}
#endif
