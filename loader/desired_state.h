// SPDX-License-Identifier: BSD-2-Clause
//
// What the operator has asked for, read back from the records, and brought about again.
#pragma once

#include <string_view>

#include "loader/change.h"
#include "loader/request.h"

namespace xvnet {

Result<DesiredState> read_desired_state(Tables& tables);

// As Instance::restore().
Result<Outcome> restore_state(Change& change, const DesiredState& state, std::string_view device);

}  // namespace xvnet
