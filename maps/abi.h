/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conventions that all tables of xvnet's kernel ABI follow.
 *
 * tables.def has a row for each table, and the version of all; headers of this directory define keys, values and
 * limits. BPF programs include them as C. The loader includes them as C++ and gets the same structs in namespace
 * xvnet::abi. Fields have a fixed width, padding is named and zero, and both sides assert the sizes.
 */
#pragma once

#include <linux/types.h>

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

/* The limits of one host. They bound memory; they do not affect speed. */
#define MAX_INTERFACES	  4096
#define MAX_NETWORKS	  4096
#define MAX_UPLINKS	  64
#define NETWORK_IDS	  16384	    /* ids are 1 to NETWORK_IDS - 1; an id is reused only after the counter wraps */
#define MAX_MEMBERS	  512	    /* local ports of one network; bounds the cost of one broadcast */
#define MAX_FDB_ENTRIES	  (1 << 20) /* the limits of all learners together stay below this */
#define MAX_LEARNERS	  (MAX_INTERFACES + MAX_NETWORKS) /* each port, and the uplink of each network */
#define MAX_LEARNER_SLOTS 1024
#define MAX_ADDRESSES	  65536 /* of all networks, with those reserved for detached devices */
#define MAX_NAT_ADDRESSES 1024
#define MAX_NAT_MAPPINGS  (1 << 20)
#define MAX_NAT_BUCKETS	  (1 << 19)
#define MAX_FORWARDS	  4096
#define MAX_ROUTES	  16384
