// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Call chains with known stack frames, for `stack_test`. */
/* bpf_helpers.h needs the kernel's types, so the order of these headers must stay. */
/* clang-format off */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} others SEC(".maps");

/* Uses stack bytes that the compiler can neither remove nor keep in registers. */
#define USE_STACK(bytes)            \
  volatile __u64 room[(bytes) / 8]; \
  for (unsigned at = 0; at < sizeof room / 8; at++) room[at] = bpf_get_prandom_u32();

static __noinline int leaf(void) {
  USE_STACK(40);
  return room[0];
}

static __noinline int middle(void) {
  USE_STACK(96);
  return leaf() + room[1];
}

static int callback(__u32 index, void* context) {
  USE_STACK(200);
  return room[index & 7];
}

/* The frames of this chain count as 96, 96 and 64 bytes. */
SEC("tc")
int calls(struct __sk_buff* skb) {
  USE_STACK(72);
  return middle() + room[2];
}

/* The frames count as 32 and 224 bytes, because a callback is part of the chain. */
SEC("tc")
int loops(struct __sk_buff* skb) { return bpf_loop(4, callback, 0, 0); }

/* The frames count as 320 and 224 bytes, which exceeds the limit. */
SEC("tc")
int overflows(struct __sk_buff* skb) {
  USE_STACK(320);
  return bpf_loop(4, callback, 0, 0) + room[3];
}

static __noinline int go_on(struct __sk_buff* skb) {
  bpf_tail_call(skb, &others, 0);
  return 0;
}

/* The frames count as 256 and 32 bytes, and 256 bytes are too many before a tail call. */
SEC("tc")
int goes_on(struct __sk_buff* skb) {
  USE_STACK(256);
  return go_on(skb) + room[3];
}
