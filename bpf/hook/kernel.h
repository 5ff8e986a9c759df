/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the kernel keeps beside a frame's bytes and a program's context does not show.
 *
 * The loader puts the running kernel's offsets of these structures in (CO-RE), so only the names have to be the kernel's.
 * Since Linux 6.2 bpf_cast_to_kern_ctx() lets the program read the structure itself. Before, the context's own address,
 * which is that of the structure, is read through bpf_probe_read_kernel(): slower, and refused where the kernel is locked
 * down to confidentiality.
 *
 * So the programs are compiled twice, and the loader takes those for the kernel at hand. Programs that look themselves which
 * kernel it is would name the kfunc, and what the kernel lacks libbpf seeks in its modules, whose types the kernel lists to
 * CAP_SYS_ADMIN alone.
 */
#pragma once

#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define CHECKSUM_PARTIAL 3 /* include/linux/skbuff.h */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct net_device;

struct sk_buff {
	struct net_device *dev;
	__u8 ip_summed : 2;
	__u32 csum; /* of a partial checksum: CSUM_START, an offset in the frame's buffer, and CSUM_OFFSET from there */
	__u16 mac_header; /* an offset in the buffer, too */
};

struct netdev_rx_queue;

struct net {
	struct {
		__u32 inum; /* the inode number of the namespace's file */
	} ns;
};

struct net_device {
	struct netdev_rx_queue *_rx;
	struct {
		struct net *net;
	} nd_net;
};

struct xdp_rxq_info {
	struct net_device *dev;
	__u32 queue_index;
};

struct netdev_rx_queue {
	struct xdp_rxq_info xdp_rxq;
};

struct xdp_buff {
	struct xdp_rxq_info *rxq;
};
#pragma clang attribute pop

extern void *bpf_cast_to_kern_ctx(void *context) __ksym;

static __always_inline bool kernel_shows_context(void)
{
#ifdef PROBING
	return false;
#else
	return true;
#endif
}

/* struct sk_buff has two __u16 in its csum then. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CSUM_START(csum)  ((__u16)(csum))
#define CSUM_OFFSET(csum) ((csum) >> 16)
#else
#define CSUM_START(csum)  ((csum) >> 16)
#define CSUM_OFFSET(csum) ((__u16)(csum))
#endif

/* Where a partial checksum is finished: it is summed from there on in the frame, and written `offset` bytes behind. */
struct partial_checksum {
	__u32 start;
	__u32 offset;
};
