// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A foreign XDP program: counts each frame and passes it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} frames SEC(".maps");

SEC("xdp")
int xdp_neighbour(struct xdp_md *xdp)
{
	__u32 only = 0;
	__u64 *count = bpf_map_lookup_elem(&frames, &only);

	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
