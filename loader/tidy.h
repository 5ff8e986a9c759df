// SPDX-License-Identifier: BSD-2-Clause
//
// What every change begins with. Where nothing was cut short and nothing has moved, it does
// nothing.
//
// Repair: what a killed command left half-made, beside the ports and uplinks whose own records say
// so: devices, networks and their bindings. It reads every table, so it is done only after a
// command that did not come to its end (Change::is_settled()).
//
// Following: what the world did since the last command. It costs a look at the networks and their
// uplinks, and is done each time.
#pragma once

#include "loader/change.h"

namespace xvnet {

enum class Tidying {
  kWhereUnsettled,  // a repair only after a command that was cut short
  kThorough,        // whatever the mark says: somebody else may have been at the tables
};

Result<void> tidy(Change& change, Tidying tidying);

}  // namespace xvnet
