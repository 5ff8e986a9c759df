// SPDX-License-Identifier: BSD-2-Clause
//
// The parts of `down` that do not depend on the records, because these may be gone.
#pragma once

#include <string>
#include <vector>

#include "loader/change.h"
#include "loader/request.h"

namespace xvnet {

// Warnings about settings that could not be restored because the tables in `missing` are gone.
std::vector<std::string> losses_of(const std::vector<std::string>& missing);

// Removes the programs and the backstop. A port is set down before it loses its backstop. Warnings
// say which settings each device keeps.
Result<Outcome> remove_remnant(Change& change, const Remnant& remnant);

// With records gone, the loader cannot tell which of the host's reserved ports were its own.
// Returns a warning that lists them.
Result<std::vector<std::string>> reserved_by_nobody(const Kernel& kernel);

}  // namespace xvnet
