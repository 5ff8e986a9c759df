/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * continuations: the programs that other programs enter by a tail call.
 *
 * The verifier checks each of them separately. Each has the full stack, and starts with nothing but the frame. The
 * loader fills this table once a network needs the programs. Until then the tail call fails, and the calling program
 * decides what happens to the frame.
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
