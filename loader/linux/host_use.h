// SPDX-License-Identifier: BSD-2-Clause
//
// Kernel::host_use(): the addresses and the default routes that a device has.
#pragma once

#include <string>

#include "loader/kernel.h"

namespace xvnet {

Result<std::string> find_host_use(const Link& link);

}  // namespace xvnet
