// SPDX-License-Identifier: BSD-2-Clause
//
// The part of examine_instance() that looks at networks and forwards.
#pragma once

#include "loader/base/finding.h"
#include "loader/base/tables.h"

namespace xvnet {

// Checks the uplink, public addresses, public ports and host interface of every network.
Result<void> examine_networks(const Host& host, Tables& tables, Findings& findings);

}  // namespace xvnet
