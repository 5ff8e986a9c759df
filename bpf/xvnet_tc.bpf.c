// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The programs of the tc hook. */
#include "hook/tc.h"

#include "pipeline.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tc")
int tc_from_vm(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb, ORIGIN_RECEIVED);

	return finish(&packet, from_vm(&packet));
}

SEC("tc")
int tc_from_uplink(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb, ORIGIN_RECEIVED);

	return finish(&packet, from_uplink(&packet));
}

/* Attached to an uplink's egress, where it sees what the host sends. */
SEC("tc")
int tc_from_host(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb, ORIGIN_HOST);

	return finish(&packet, from_host(&packet));
}

/* tc_from_vm enters the next two programs by a tail call. */
SEC("tc")
int tc_to_dhcp(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb, ORIGIN_RECEIVED);

	return finish(&packet, to_dhcp(&packet));
}

SEC("tc")
int tc_to_outside(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb, ORIGIN_RECEIVED);

	return finish(&packet, to_outside(&packet));
}

/* tc_from_uplink enters this program by a tail call. */
SEC("tc")
int tc_from_outside(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb, ORIGIN_RECEIVED);

	return finish(&packet, from_outside(&packet));
}

/*
 * tc_from_host enters this program by a tail call. It is also attached to lo's egress while a forward uses an address
 * of the host.
 */
SEC("tc")
int tc_to_forward(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb, ORIGIN_HOST);

	return finish(&packet, to_forward(&packet));
}
