// SPDX-License-Identifier: BSD-2-Clause
//
// Forwards for the host itself. The kernel delivers packets for an address of the host through lo.
// On lo, a program redirects those for forwarded ports to the VMs, and the replies of the VMs
// arrive there.
#pragma once

#include <vector>

#include "loader/base/change.h"

namespace xvnet {

// Attaches the program to lo while an open forward uses an address of the host; detaches it
// otherwise.
Result<void> follow_loopback(Change& change);

// The attachment on lo, if the instance has one.
Result<std::vector<Placement>> loopback_placements(Tables& tables);

}  // namespace xvnet
