/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Packet pointers out of a program's context.
 */
#pragma once

#include <stddef.h>

/*
 * verifier: "R1 invalid mem access 'scalar'" (6.18). The context declares its pointers as __u32, so the compiler may
 * keep and move them as 32-bit numbers, which strips them of what the verifier knows. The assembly makes it load the
 * whole pointer, each time.
 */
#define CONTEXT_POINTER(context, field) \
	({ \
		void *pointer_; \
		asm volatile("%0 = *(u32 *)(%1 + %2)" \
			     : "=r"(pointer_) \
			     : "r"(context), "i"(offsetof(typeof(*(context)), field))); \
		pointer_; \
	})
