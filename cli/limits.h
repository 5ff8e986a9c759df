// SPDX-License-Identifier: BSD-2-Clause
//
// The ranges of numbers, on the command line and in a state file.
#pragma once

#include "cli/parse_number.h"
#include "loader/model/request.h"
#include "maps/abi.h"

namespace xvnet::cli {

constexpr Range kMaxMacs = {0, MAX_LEARNER_SLOTS};
constexpr Range kAgeing = {1, 1'000'000};  // seconds; IEEE 802.1Q, table 8-6, but its minimum is 10
constexpr Range kQueues = {1, 256};        // MAX_TAP_QUEUES of the kernel
constexpr Range kSnatPorts = {kMinSnatPorts, kMaxSnatPorts};
constexpr Range kPort = {0, 65535};
// The minimum of RFC 791; the maximum of a TAP, which is 65535 minus the Ethernet header.
constexpr Range kMtu = {68, 65521};

}  // namespace xvnet::cli
