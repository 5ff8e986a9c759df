// SPDX-License-Identifier: BSD-2-Clause
//
// Attaches ports, moves and detaches them: what `attach` and `detach` do.
#pragma once

#include <string_view>

#include "loader/base/change.h"
#include "loader/model/request.h"

namespace xvnet {

Result<Outcome> attach_port(Change& change, const PortRequest& request);

// Removes the port, and its network if that was implicit and this was its last port. The device is
// left down.
Result<Outcome> detach_port(Change& change, std::string_view device, bool delete_device);

}  // namespace xvnet
