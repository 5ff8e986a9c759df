// SPDX-License-Identifier: BSD-2-Clause
//
// The capabilities of the calling thread.
#pragma once

#include <string>
#include <vector>

#include "loader/base/result.h"

namespace xvnet {

// Returns the names of the capabilities that a change needs and this thread lacks: of CAP_BPF,
// CAP_NET_ADMIN and CAP_PERFMON.
Result<std::vector<std::string>> missing_capabilities();

// The hint for a missing capability.
inline constexpr const char* kCapabilityHint =
    "run as root, or grant it: see PRIVILEGES in xvnet(8)";
// The hint for pins that another user owns.
inline constexpr const char* kOwnerHint =
    "run as their owner or as root: see PRIVILEGES in xvnet(8)";

}  // namespace xvnet
