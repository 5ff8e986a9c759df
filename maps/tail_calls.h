/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program array: the programs that other programs enter by a tail call.
 *
 * The verifier checks each of them separately. Each has the full stack, and starts with nothing but the frame. The
 * loader fills this table once a network needs the programs. Until then the tail call fails, and the calling program
 * decides what happens to the frame.
 */
#pragma once

#include "abi.h"

XVNET_ABI_BEGIN
enum tail_call {
#define PROGRAM(name, id)
#define TAIL_CALL(name, id, number) TAIL_CALL_##number,
#include "programs.def"
#undef PROGRAM
#undef TAIL_CALL
	TAIL_CALLS
};
XVNET_ABI_END

/* The name of the array and of its pin. It is part of the ABI: the next version can name it tail_calls. */
#define TAIL_CALL_MAP	   continuations
#define TAIL_CALL_QUOTE(x) #x
#define TAIL_CALL_NAME(x)  TAIL_CALL_QUOTE(x)
#define TAIL_CALL_MAP_NAME TAIL_CALL_NAME(TAIL_CALL_MAP)

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TAIL_CALLS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} TAIL_CALL_MAP SEC(".maps");
#endif
