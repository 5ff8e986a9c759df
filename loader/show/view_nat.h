// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <vector>

#include "loader/base/tables.h"
#include "loader/show/view.h"

namespace xvnet {

// Mappings that have not expired, without forwards.
Result<std::vector<NatView>> view_nat(const Host& host, Tables& tables, const NatFilter& filter);

}  // namespace xvnet
