// SPDX-License-Identifier: BSD-2-Clause
//
// What others changed of a device since it was attached or made an uplink is put back: a command
// that is given again leaves the device as it did the first time, and no session ends by it.
#pragma once

#include "loader/change.h"
#include "loader/port.h"

namespace xvnet {

// Whether the link, which has the record's number, is the recorded device and can be repaired. It
// has its programs, or has lost them: then it is known by its name and kind.
Result<bool> is_whole(const Kernel& kernel, const Link& link, const abi::device_record& record);

// Of a whole record whose device is here.
Result<void> repair_port(Change& change, const PortEntry& port, const Link& link);
Result<void> repair_uplink(Change& change, std::uint32_t ifindex, const abi::uplink_record& record,
                           const Link& link);

// The records have the names that the devices have now. A network that was asked for with an uplink
// follows that uplink's name.
Result<void> follow_uplink_names(Change& change);

// IPv4 forwarding of a port's device: without it bpf_fib_lookup() finds no route for its frames.
Result<bool> lacks_forwarding(Tables& tables, const abi::port_record& port, const Link& link);

}  // namespace xvnet
