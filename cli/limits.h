// SPDX-License-Identifier: BSD-2-Clause
//
// What numbers may be, on the command line and in a file.
#pragma once

#include "cli/parse_number.h"
#include "loader/request.h"
#include "maps/abi.h"

namespace xvnet::cli {

constexpr Range kMaxMacs = {0, MAX_LEARNER_SLOTS};
constexpr Range kAgeing = {1, 1'000'000};  // seconds; IEEE 802.1Q, table 8-6; its least is 10
constexpr Range kQueues = {1, 256};        // MAX_TAP_QUEUES of the kernel
constexpr Range kSnatPorts = {kMinSnatPorts, kMaxSnatPorts};
constexpr Range kPort = {0, 65535};
constexpr Range kMtu = {
    68, 65521};  // RFC 791's least; the most a TAP takes is 65535 minus the Ethernet header

}  // namespace xvnet::cli
