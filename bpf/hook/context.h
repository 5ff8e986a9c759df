/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Reads packet pointers from a program's context.
 */
#pragma once

#include <stddef.h>

/*
 * verifier: "R1 invalid mem access 'scalar'" (6.18). The context declares its pointers as __u32, so the compiler may
 * keep and copy them as 32-bit numbers, and the verifier then loses the pointer type. The assembly makes the compiler
 * load the whole pointer on each use.
 */
#define CONTEXT_POINTER(context, field) \
	({ \
		void *pointer_; \
		asm volatile("%0 = *(u32 *)(%1 + %2)" \
			     : "=r"(pointer_) \
			     : "r"(context), "i"(offsetof(typeof(*(context)), field))); \
		pointer_; \
	})
