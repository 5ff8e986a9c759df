// SPDX-License-Identifier: BSD-2-Clause
//
// What a killed command left half-made, beside the ports and uplinks whose own records say so:
// devices, networks and their bindings. Every change begins with it; where nothing was cut short it
// does nothing.
#pragma once

#include "loader/change.h"

namespace xvnet {

Result<void> tidy(Change& change);

}  // namespace xvnet
