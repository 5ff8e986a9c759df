// SPDX-License-Identifier: BSD-2-Clause
//
// What the operator has asked for, read back from the records.
#pragma once

#include <string>

#include "loader/change.h"
#include "loader/request.h"

namespace xvnet {

Result<DesiredState> read_desired_state(const Kernel& kernel, Tables& tables);

// What would bring each back, by the name the device has.
UplinkRequest uplink_request(std::string name, const abi::uplink_record& record);
NetworkRequest network_request(const abi::network_record& record);
PortRequest port_request(std::string name, const abi::port_record& record,
                         const abi::network_record& network);

}  // namespace xvnet
