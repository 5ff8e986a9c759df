// SPDX-License-Identifier: BSD-2-Clause
//
// Uplinks: a NIC carries networks as VLANs, and all its other frames belong to the host. xvnet
// never sets an uplink down.
#pragma once

#include <string_view>

#include "loader/base/change.h"
#include "loader/model/request.h"

namespace xvnet {

Result<void> check_request(const UplinkRequest& request);  // errors are kUsage

Result<Outcome> add_uplink(Change& change, const UplinkRequest& request);

// The uplink's networks stay. Each moves to another uplink that carries it, or stays without one.
Result<Outcome> remove_uplink(Change& change, std::string_view device);

Result<void> dismantle_uplink(Change& change, std::uint32_t ifindex,
                              const abi::uplink_record& record);

}  // namespace xvnet
