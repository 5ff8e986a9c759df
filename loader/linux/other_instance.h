// SPDX-License-Identifier: BSD-2-Clause
//
// Kernel::other_instance(): whose pins are of programs that run on a device.
#pragma once

#include <cstdint>
#include <string>

#include "loader/linux/pin_root.h"

namespace xvnet {

// `own` is the instance that asks.
Result<std::string> find_other_instance(const PinRoot& own, std::uint32_t ifindex);

}  // namespace xvnet
