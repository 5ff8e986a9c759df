// SPDX-License-Identifier: BSD-2-Clause
//
// A device's name for an ifindex, for ioctls and for people.
#pragma once

#include <cstdint>
#include <string>

namespace xvnet {

// Empty when there is no such device.
std::string device_name(std::uint32_t ifindex);

// `"tap0"`, or `number 7` for a device that is gone.
std::string quoted_device(std::uint32_t ifindex);

}  // namespace xvnet
