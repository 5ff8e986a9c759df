// SPDX-License-Identifier: BSD-2-Clause
//
// The capabilities of the calling thread.
#pragma once

#include <string>
#include <vector>

#include "loader/result.h"

namespace xvnet {

// The names of those a change needs and this thread lacks: of CAP_BPF, CAP_NET_ADMIN and
// CAP_PERFMON.
Result<std::vector<std::string>> missing_capabilities();

// What the operator can do about one that is missing.
inline constexpr const char* kCapabilityHint =
    "run as root, or grant it: see PRIVILEGES in xvnet(8)";
// And about pins of somebody else.
inline constexpr const char* kOwnerHint =
    "run as their owner or as root: see PRIVILEGES in xvnet(8)";

}  // namespace xvnet
