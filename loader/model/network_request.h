// SPDX-License-Identifier: BSD-2-Clause
//
// Validates a NetworkRequest and converts it to a record.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/model/request.h"
#include "maps/records.h"

namespace xvnet {

// "dhcp requires subnet and gateway"
std::string requires_gateway(std::string_view field);

// Rules for a request, whether it adds, changes or restores a network. Errors are kUsage.
Result<void> check_request(const NetworkRequest& request);
// Also checks what only a network that does not exist yet must follow.
Result<void> check_new(const NetworkRequest& request);
// Also check what the operator must not ask for. A saved state may contain it: `network set --vlan`
// keeps the uplink of a network that was untagged.
Result<void> check_add(const NetworkRequest& request);
Result<void> check_set(const NetworkRequest& request);

// The basic fields of a new record. The set_*() functions add addresses and services.
abi::network_record record_of(const NetworkRequest& request);
void set_host_addresses(abi::network_record& record, const NetworkRequest& request);

}  // namespace xvnet
