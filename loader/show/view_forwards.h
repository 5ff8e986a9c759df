// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <vector>

#include "loader/base/tables.h"
#include "loader/show/view.h"

namespace xvnet {

Result<std::vector<ForwardView>> view_forwards(Tables& tables);

}  // namespace xvnet
