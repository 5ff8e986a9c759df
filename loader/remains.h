// SPDX-License-Identifier: BSD-2-Clause
//
// What `down` takes away of an instance beside what its records tell: they may be gone.
#pragma once

#include <string>
#include <vector>

#include "loader/change.h"
#include "loader/request.h"

namespace xvnet {

// Of an instance whose tables `missing` are gone, what was not put back, for nobody knows it.
std::vector<std::string> losses_of(const std::vector<std::string>& missing);

// Ports are set down before they lose their backstop. A warning says what each device keeps.
Result<Outcome> remove_remnant(Change& change, const Remnant& remnant);

// Where records are gone, what of the reserved ports was for public ones is not known: a warning.
Result<std::vector<std::string>> reserved_by_nobody(const Kernel& kernel);

}  // namespace xvnet
