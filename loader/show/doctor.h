// SPDX-License-Identifier: BSD-2-Clause
//
// Checks the instance, and changes nothing. loader/linux/machine.h checks the machine.
#pragma once

#include "loader/base/finding.h"
#include "loader/base/host.h"

namespace xvnet {

// Findings about the instance: its programs, devices, networks and forwards.
Result<Findings> examine_instance(Host& host);

}  // namespace xvnet
