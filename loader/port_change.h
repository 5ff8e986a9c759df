// SPDX-License-Identifier: BSD-2-Clause
//
// What can be changed of a port in place: its link stays up, and its mappings and sessions stay.
#pragma once

#include "loader/port.h"
#include "loader/port_request.h"

namespace xvnet {

bool is_in_place(const std::vector<Difference>& differences);

// Of a whole port whose device is here, and that differs in what can be changed in place.
Result<Outcome> change_port(Change& change, const PortEntry& port, const Link& link,
                            const PortRequest& request);

}  // namespace xvnet
