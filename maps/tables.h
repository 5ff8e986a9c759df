/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in every table; and, in BPF programs, the tables themselves. */
#pragma once

#include "addresses.h"
#include "allowed.h"
#include "carried.h"
#include "fdb.h"
#include "forwards.h"
#include "gateways.h"
#include "host_flows.h"
#include "interface_cache.h"
#include "interfaces.h"
#include "learners.h"
#include "leases.h"
#include "members.h"
#include "nat_addresses.h"
#include "nat_fragments.h"
#include "nat_mappings.h"
#include "nat_networks.h"
#include "nat_ports.h"
#include "nat_sessions.h"
#include "networks.h"
#include "records.h"
#include "routes.h"
#include "stats.h"
#include "vlan_cache.h"
#include "vlans.h"

#ifdef __bpf__
#define TABLE(name, id, key_type, value_type, map_type, entries, flags, made) \
	struct { \
		__uint(type, BPF_MAP_TYPE_##map_type); \
		__uint(max_entries, entries); \
		__uint(map_flags, flags); \
		__type(key, key_type); \
		__type(value, value_type); \
	} name SEC(".maps");
#include "tables.def"
#undef TABLE
#endif
