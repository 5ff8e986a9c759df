// SPDX-License-Identifier: BSD-2-Clause
//
// Persistent TAP devices.
#pragma once

#include "loader/base/host.h"

namespace xvnet {

// Fails if a device of that name exists. The new device is down.
Result<void> create_persistent_tap(const TapSpec& spec);

// Returns false, and keeps the TAP, if a process has it open.
Result<bool> delete_idle_tap(const Link& tap);

}  // namespace xvnet
