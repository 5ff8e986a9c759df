// SPDX-License-Identifier: BSD-2-Clause
//
// What a port has that is not here: its device is gone, or no VM has it open. Another port may take
// it, as when a VM was started anew on another device, or moved away and back.
#pragma once

#include <string>
#include <vector>

#include "loader/change.h"
#include "loader/request.h"

namespace xvnet {

// Before a port gets the MAC and addresses of the request in the network. A port of it that has
// them and is here keeps them, and the request is refused later. Answers what was taken, in words.
Result<std::vector<std::string>> take_over(Change& change, std::uint32_t network,
                                           const PortRequest& request);

}  // namespace xvnet
