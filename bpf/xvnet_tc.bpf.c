// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The programs of the tc hook. */
#include "hook/tc.h"

#include "pipeline.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tc")
int tc_from_vm(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb);

	return finish(&packet, from_vm(&packet));
}

SEC("tc")
int tc_from_uplink(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb);

	return finish(&packet, from_uplink(&packet));
}

/* On the uplink's egress: what the host sends. */
SEC("tc")
int tc_from_host(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb);

	packet.from_host = true;
	return finish(&packet, from_host(&packet));
}

/* The continuations of tc_from_vm. */
SEC("tc")
int tc_to_dhcp(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb);

	return finish(&packet, to_dhcp(&packet));
}

SEC("tc")
int tc_to_outside(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb);

	return finish(&packet, to_outside(&packet));
}

/* The continuation of tc_from_uplink. */
SEC("tc")
int tc_from_outside(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb);

	return finish(&packet, from_outside(&packet));
}

/* The continuation of tc_from_host; and on lo's egress, once an address of the host leads to a VM. */
SEC("tc")
int tc_to_forward(struct __sk_buff *skb)
{
	struct packet packet = hook_open_packet(skb);

	packet.from_host = true;
	return finish(&packet, to_forward(&packet));
}
