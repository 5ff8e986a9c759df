// SPDX-License-Identifier: BSD-2-Clause
//
// Takes over the MAC and addresses of a port that is not in use: its device is gone, or no VM has
// it open. This happens when a VM was restarted on another device, or migrated away and back.
#pragma once

#include <string>
#include <vector>

#include "loader/base/change.h"
#include "loader/model/request.h"

namespace xvnet {

// Call this before a port gets the request's MAC and addresses. It takes them from ports of the
// network that are not in use. A port in use keeps them, and a later check refuses the request.
// Returns one line of text for each takeover.
Result<std::vector<std::string>> take_over(Change& change, std::uint32_t network,
                                           const PortRequest& request);

}  // namespace xvnet
