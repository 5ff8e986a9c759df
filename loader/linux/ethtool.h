// SPDX-License-Identifier: BSD-2-Clause
//
// The driver and the features of a device (SIOCETHTOOL), in the network namespace of the calling
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "loader/base/host.h"

namespace xvnet {

// Returns an empty string if the driver is unknown.
std::string driver_name(const std::string& device);

// A feature that this kernel does not know reads as off and fixed.
Result<FeatureState> read_feature(std::uint32_t ifindex, std::string_view feature);
// Fails with kUnsupported if the device does not support the change.
Result<void> write_feature(std::uint32_t ifindex, std::string_view feature, bool on);

}  // namespace xvnet
