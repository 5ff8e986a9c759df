/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Kernel data about a frame that the program's context does not contain: the fields of sk_buff and xdp_buff.
 *
 * The loader fills in the field offsets of the running kernel (CO-RE), so only the names of structures and fields must
 * match the kernel's. Since Linux 6.2, bpf_cast_to_kern_ctx() lets a program read the structure directly. On older
 * kernels the program reads it through bpf_probe_read_kernel(), because the address of the context is the address of
 * the structure. That is slower, and a kernel in lockdown mode "confidentiality" refuses it.
 *
 * Therefore the programs are compiled twice, and the loader selects the variant for the running kernel. A single
 * variant would have to name the kfunc. On a kernel without it, libbpf would search the BTF of all modules, which the
 * kernel lists only with CAP_SYS_ADMIN.
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
	__u32 csum;	  /* of a partial checksum: CSUM_START, an offset in the buffer, and CSUM_OFFSET from there */
	__u16 mac_header; /* offset in the buffer */
};

struct netdev_rx_queue;

struct net {
	struct {
		__u32 inum; /* inode number of the namespace's file */
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

/* A partial checksum uses csum as two __u16: csum_start and csum_offset. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CSUM_START(csum)  ((__u16)(csum))
#define CSUM_OFFSET(csum) ((csum) >> 16)
#else
#define CSUM_START(csum)  ((csum) >> 16)
#define CSUM_OFFSET(csum) ((__u16)(csum))
#endif

/* The kernel sums a partial checksum from `start` to the end of the frame and writes the result at `start + offset`. */
struct partial_checksum {
	__u32 start;
	__u32 offset;
};
