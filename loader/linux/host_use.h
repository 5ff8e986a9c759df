// SPDX-License-Identifier: BSD-2-Clause
//
// Implements Host::host_use() and Host::default_route_devices() and
// Host::unlocked_route_mtus(): looks for addresses, stacked
// devices and routes.
#pragma once

#include <string>
#include <vector>

#include "loader/base/host.h"

namespace xvnet {

Result<std::string> find_host_use(const Link& link);
Result<std::vector<std::uint32_t>> find_default_route_devices();
Result<std::vector<std::string>> find_unlocked_route_mtus();

}  // namespace xvnet
