// SPDX-License-Identifier: BSD-2-Clause
//
// Instances of which pins were removed.
//
// A table without its pin lives on in the programs that use it, but no command can open it. A new
// table in its place would not be used by these programs. So only `down` may change such an
// instance.
#pragma once

#include <string>
#include <vector>

#include "loader/base/result.h"
#include "loader/linux/pin_root.h"

namespace xvnet {

// Implements Host::missing_tables().
Result<std::vector<std::string>> missing_table_pins(const PinRoot& root);
// Fails if a table is missing.
Result<void> check_tables(const PinRoot& root);
// Refuses remains that may belong to another network namespace. `is_here`: this network namespace
// has remnants of the instance.
Result<void> check_remains(const PinRoot& root, bool is_here);

}  // namespace xvnet
