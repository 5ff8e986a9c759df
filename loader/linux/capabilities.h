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

}  // namespace xvnet
