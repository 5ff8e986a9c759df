// SPDX-License-Identifier: BSD-2-Clause
//
// Implements Kernel::host_use(): looks for addresses, stacked devices and routes of a device.
#pragma once

#include <string>

#include "loader/kernel.h"

namespace xvnet {

Result<std::string> find_host_use(const Link& link);

}  // namespace xvnet
