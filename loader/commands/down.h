// SPDX-License-Identifier: BSD-2-Clause
//
// The parts of `down`. Some do not depend on the records, because these may be gone.
#pragma once

#include <string>
#include <vector>

#include "loader/base/change.h"
#include "loader/model/request.h"

namespace xvnet {

// Removes every port, network and uplink.
Result<Outcome> dismantle_all(Change& change);

// Removes what the remaining records describe. Remnants are found without records. Warnings say
// which settings could not be restored because the tables in `missing` are gone.
Outcome dismantle_remains(Host& host, Tables& tables, const std::vector<std::string>& missing);

// Removes the programs and the backstop. A port is set down before it loses its backstop. Warnings
// say which settings each device keeps.
Result<Outcome> remove_remnant(Change& change, const Remnant& remnant);

// With records gone, the loader cannot tell which of the host's reserved ports were its own.
// Returns a warning that lists them.
Result<std::vector<std::string>> reserved_by_nobody(const Host& host);

}  // namespace xvnet
