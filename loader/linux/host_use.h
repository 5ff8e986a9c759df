// SPDX-License-Identifier: BSD-2-Clause
//
// Kernel::host_use(): the addresses and the default routes that a device has.
#pragma once

#include <cstdint>
#include <string>

#include "loader/result.h"

namespace xvnet {

Result<std::string> find_host_use(std::uint32_t ifindex);

}  // namespace xvnet
