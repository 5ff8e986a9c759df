/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * continuations: the programs in which others go on, by a tail call. A continuation has a stack of its own, is verified
 * by itself, and begins again with the frame alone. Filled by the loader once a network needs them; until then whoever
 * would go on in one goes no further.
 */
#pragma once

#include "abi.h"

XVNET_ABI_BEGIN
enum continuation {
#define PROGRAM(name, id)
#define TAIL_CALL(name, id, number) CONTINUATION_##number,
#include "programs.def"
#undef PROGRAM
#undef TAIL_CALL
	CONTINUATIONS
};
XVNET_ABI_END

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, CONTINUATIONS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} continuations SEC(".maps");
#endif
