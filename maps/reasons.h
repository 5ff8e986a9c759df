/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reasons of reasons.def as an enum. Every stage returns one.
 */
#pragma once

#include "abi.h"

XVNET_ABI_BEGIN
enum reason {
#define REASON(name, number, fate, text) REASON_##name = (number),
#include "reasons.def"
#undef REASON
	REASON_LIMIT = 64, /* number of counters in stats.h; a new reason takes a free number below it */
};

enum fate {
	FATE_CARRIED,
	FATE_HOST,
	FATE_TC,
	FATE_DROPPED,
	FATE_NOTED,
};
XVNET_ABI_END
