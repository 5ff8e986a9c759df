// SPDX-License-Identifier: BSD-2-Clause
//
// Uplinks: a NIC that carries networks as VLANs, and stays the host's for everything else. It is
// never set down.
#pragma once

#include <string_view>

#include "loader/change.h"
#include "loader/request.h"

namespace xvnet {

Result<Outcome> add_uplink(Change& change, const UplinkRequest& request);

// Its networks stay, without an uplink or on another one that carries them.
Result<Outcome> remove_uplink(Change& change, std::string_view device);

Result<void> take_uplink_apart(Change& change, std::uint32_t ifindex,
                               const abi::uplink_record& record);

VidSet vids_of(const abi::uplink_record& record);

}  // namespace xvnet
