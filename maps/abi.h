/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every table of xvnet's kernel ABI shares.
 *
 * A table is a row of tables.def, and its key, value and limits are a header of this directory. BPF programs include it
 * as C, the loader as C++ (the same structs, in namespace xvnet::abi). Fields have a fixed width, padding is named
 * and zero, sizes are asserted on both sides. Changing a layout means raising XVNET_ABI_VERSION, which is a
 * directory of its own under the pin root: docs/map-abi.md.
 */
#pragma once

#include <linux/types.h>

#define XVNET_ABI_VERSION 10

#ifdef __cplusplus
/* clang-format off */
#define XVNET_ABI_BEGIN namespace xvnet::abi {
#define XVNET_ABI_END }
/* clang-format on */
#define XVNET_ABI_SIZE(type, size) static_assert(sizeof(struct type) == (size), #type)
#else
#define XVNET_ABI_BEGIN
#define XVNET_ABI_END
#define XVNET_ABI_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)
#endif

#ifdef __bpf__
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#endif

/* Limits of one host. They bound memory, not speed. */
#define MAX_INTERFACES	  4096
#define MAX_NETWORKS	  4096
#define MAX_UPLINKS	  64
#define NETWORK_IDS	  16384				  /* from 1; so many are taken before one is used again */
#define MAX_MEMBERS	  512				  /* local ports of one network, the cost of one broadcast */
#define MAX_FDB_ENTRIES	  (1 << 20)			  /* the learners' limits together stay below it */
#define MAX_LEARNERS	  (MAX_INTERFACES + MAX_NETWORKS) /* each port, and each network on its uplink */
#define MAX_LEARNER_SLOTS 1024
#define MAX_ADDRESSES	  65536 /* of all networks, those kept for detached devices included */
#define MAX_NAT_ADDRESSES 1024
#define MAX_NAT_MAPPINGS  (1 << 20)
#define MAX_NAT_BUCKETS	  (1 << 19)
#define MAX_FORWARDS	  4096
#define MAX_ROUTES	  16384
