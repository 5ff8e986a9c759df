// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "loader/base/finding.h"

namespace xvnet {

// Findings about the machine: kernel features, mounts and capabilities of the process.
Findings examine_machine(const std::string& pin_root);

}  // namespace xvnet
