/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in every table; and, in BPF programs, the tables themselves. Include it before tables.def. */
#pragma once

#ifdef __bpf__
#define TABLE(name, id, key_type, value_type, map_type, entries, flags, made) \
	struct { \
		__uint(type, BPF_MAP_TYPE_##map_type); \
		__uint(max_entries, entries); \
		__uint(map_flags, flags); \
		__type(key, key_type); \
		__type(value, value_type); \
	} name SEC(".maps");
#else
#define TABLE(...)
#endif
#include "tables.def"
#undef TABLE
