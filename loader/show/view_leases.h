// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <vector>

#include "loader/base/tables.h"
#include "loader/show/view.h"

namespace xvnet {

Result<std::vector<LeaseView>> view_leases(const Host& host, Tables& tables);

}  // namespace xvnet
