// SPDX-License-Identifier: BSD-2-Clause
//
// The first step of every change. It does nothing if no command was interrupted and no uplink has
// changed.
//
// Repair: removes or completes what an interrupted command left of devices, networks and bindings.
// Ports and uplinks are repaired elsewhere: their own records say that they are incomplete. A
// repair reads every table, so it runs only after an interrupted command (Change::is_settled()).
//
// Following: adapts to changes of uplinks since the last command. It reads the networks and their
// uplinks, and runs every time.
#pragma once

#include "loader/base/change.h"

namespace xvnet {

enum class Recovery {
  kWhereUnsettled,  // repair only after an interrupted command
  kThorough,        // always repair: the tables may have been changed from outside
};

Result<void> recover(Change& change, Recovery recovery);

}  // namespace xvnet
