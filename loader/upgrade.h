// SPDX-License-Identifier: BSD-2-Clause
//
// Moving everything that is attached to this build's programs.
#pragma once

#include "loader/kernel.h"
#include "loader/request.h"
#include "loader/tables.h"

namespace xvnet {

// After Kernel::open_for_upgrade(). Each attachment changes over in one step, and what has not yet
// works with what has, so no frame is lost. A refusal puts the former programs back.
Result<Outcome> upgrade(Kernel& kernel, Tables& tables);

}  // namespace xvnet
