// SPDX-License-Identifier: BSD-2-Clause
//
// Changes a port in place: its link stays up, and its NAT mappings and sessions survive.
#pragma once

#include "loader/base/change.h"
#include "loader/model/port_request.h"
#include "loader/model/records.h"

namespace xvnet {

bool is_in_place(const std::vector<Difference>& differences);

// Changes a complete port whose device is present; the differences must be changeable in place.
Result<Outcome> change_port(Change& change, const PortEntry& port, const Link& link,
                            const PortRequest& request);

}  // namespace xvnet
