// SPDX-License-Identifier: BSD-2-Clause
//
// The name of a device, for ioctls and for messages.
#pragma once

#include <cstdint>
#include <string>

namespace xvnet {

// Returns an empty string if there is no such device.
std::string device_name(std::uint32_t ifindex);

// Returns `"tap0"`, or `number 7` for a device that is gone.
std::string quoted_device(std::uint32_t ifindex);

}  // namespace xvnet
