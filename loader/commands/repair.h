// SPDX-License-Identifier: BSD-2-Clause
//
// Undoes outside changes to the device of a port or an uplink. A repeated command leaves the device
// as the first one did, without ending a session.
#pragma once

#include "loader/base/change.h"
#include "loader/model/records.h"

namespace xvnet {

// Whether the record is complete and the link, which has the record's ifindex, is the recorded
// device. A device that has lost its programs is identified by its name or MAC, and its kind.
Result<bool> is_whole(const Host& host, const Link& link, const abi::device_record& record);

// The record must be complete, and its device present.
Result<void> repair_port(Change& change, const PortEntry& port, const Link& link);
Result<void> repair_uplink(Change& change, std::uint32_t ifindex, const abi::uplink_record& record,
                           const Link& link);

// Updates the records to the current names of their devices. Networks with a named uplink follow
// its new name.
Result<void> follow_uplink_names(Change& change);

}  // namespace xvnet
