// SPDX-License-Identifier: BSD-2-Clause
//
// The desired state, brought about again. Each object is a change of its own: one that cannot be
// brought back keeps no other from it.
#pragma once

#include <string_view>

#include "loader/kernel.h"
#include "loader/request.h"
#include "loader/tables.h"

namespace xvnet {

// As Instance::restore(), of an instance that is tidy.
Result<Outcome> restore_state(Kernel& kernel, Tables& tables, const DesiredState& state,
                              std::string_view device);

}  // namespace xvnet
