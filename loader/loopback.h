// SPDX-License-Identifier: BSD-2-Clause
//
// What the host sends to an address of its own the kernel delivers to itself, by lo. There it is
// taken for the VMs that ports of the address lead to, and there their answers come in.
#pragma once

#include <vector>

#include "loader/change.h"

namespace xvnet {

// lo has its program as long as an open forward is of an address of the host, and no longer.
Result<void> follow_loopback(Change& change);

// Where that program is, if it is.
Result<std::vector<Placement>> loopback_placements(Tables& tables);

}  // namespace xvnet
