// SPDX-License-Identifier: BSD-2-Clause
//
// Brings the desired state back. Each object is a change of its own, so a failed object does not
// prevent the others.
#pragma once

#include <string_view>

#include "loader/base/host.h"
#include "loader/base/tables.h"
#include "loader/model/request.h"

namespace xvnet {

// Implements Instance::restore() for an instance that is already repaired.
Result<Outcome> restore_state(Host& host, Tables& tables, const DesiredState& state,
                              std::string_view device);

}  // namespace xvnet
