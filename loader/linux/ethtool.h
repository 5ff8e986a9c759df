// SPDX-License-Identifier: BSD-2-Clause
//
// Driver and features of a device (SIOCETHTOOL), in the network namespace of the calling thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "loader/kernel.h"

namespace xvnet {

// As in ETH_SS_FEATURES and `ethtool -k`: net/ethtool/common.c, netdev_features_strings.
std::string_view feature_name(Feature feature);

// Empty when unknown.
std::string driver_name(const std::string& device);

// A feature this kernel has no name for is off and fixed.
Result<FeatureState> read_feature(std::uint32_t ifindex, std::string_view feature);
// Fails with kUnsupported when the device does not do it.
Result<void> write_feature(std::uint32_t ifindex, std::string_view feature, bool on);

}  // namespace xvnet
