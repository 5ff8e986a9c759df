// SPDX-License-Identifier: BSD-2-Clause
//
// Persistent TAP devices.
#pragma once

#include "loader/kernel.h"

namespace xvnet {

// Fails when a device of that name exists. The device is down.
Result<void> create_persistent_tap(const TapSpec& spec);

// False: a process has the TAP open, and it stays.
Result<bool> delete_idle_tap(const Link& tap);

}  // namespace xvnet
