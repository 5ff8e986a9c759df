// SPDX-License-Identifier: BSD-2-Clause
//
// Implements Host::other_instance(): finds the instance whose programs run on a device.
#pragma once

#include <cstdint>
#include <string>

#include "loader/linux/pin_root.h"

namespace xvnet {

// `own` is the calling instance.
Result<std::string> find_other_instance(const PinRoot& own, std::uint32_t ifindex);

}  // namespace xvnet
