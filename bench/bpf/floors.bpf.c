/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The floors of the benchmark: the cost of a packet when a program decides nothing about it. push_tag and pop_tag are
 * the cheapest way to tag the frames of a bridge on a kernel without 8021q.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* The benchmark sets both before it loads the programs. */
const volatile __u32 target_ifindex;
const volatile __u16 vid;

/* The helper has the same name and number at both hooks. */
static __always_inline int redirect(void)
{
	return bpf_redirect(target_ifindex, 0);
}

SEC("xdp")
int drop_xdp(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int redirect_xdp(struct xdp_md *ctx)
{
	return redirect();
}

SEC("tc")
int drop_tc(struct __sk_buff *skb)
{
	return TC_ACT_SHOT;
}

SEC("tc")
int redirect_tc(struct __sk_buff *skb)
{
	return redirect();
}

SEC("tc")
int push_tag(struct __sk_buff *skb)
{
	return bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), vid) ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("tc")
int pop_tag(struct __sk_buff *skb)
{
	if (!skb->vlan_present || (skb->vlan_tci & 0x0fff) != vid)
		return TC_ACT_SHOT;
	return bpf_skb_vlan_pop(skb) ? TC_ACT_SHOT : TC_ACT_OK;
}

/* The far end of a wire: counts and drops what arrives, at the same low cost for every stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} arrived SEC(".maps");

SEC("tc")
int count_and_drop(struct __sk_buff *skb)
{
	__u32 only = 0;
	__u64 *count = bpf_map_lookup_elem(&arrived, &only);

	if (count)
		__sync_fetch_and_add(count, 1);
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
