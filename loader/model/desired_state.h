// SPDX-License-Identifier: BSD-2-Clause
//
// Reads the operator's requests back from the records.
#pragma once

#include <string>

#include "loader/base/change.h"
#include "loader/model/request.h"

namespace xvnet {

Result<DesiredState> read_desired_state(const Host& host, Tables& tables);

// Builds the request that would restore a record. `name` is the device's current name.
UplinkRequest uplink_request(std::string name, const abi::uplink_record& record);
PortRequest port_request(std::string name, const abi::port_record& record,
                         const abi::network_record& network);

}  // namespace xvnet
