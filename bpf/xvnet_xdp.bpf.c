// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The programs of the XDP hook. They accept multi-buffer frames only to pass them to tc. */
#include "hook/xdp.h"

#include "pipeline.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("xdp.frags")
int xdp_from_vm(struct xdp_md *xdp)
{
	struct packet packet = hook_open_packet(xdp);

	return finish(&packet, from_vm(&packet));
}

SEC("xdp.frags")
int xdp_from_uplink(struct xdp_md *xdp)
{
	struct packet packet = hook_open_packet(xdp);

	return finish(&packet, from_uplink(&packet));
}
