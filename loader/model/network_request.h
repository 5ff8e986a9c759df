// SPDX-License-Identifier: BSD-2-Clause
//
// The settings of a network: the rules for a request, and its way into the record and back.
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

// A new record without services: the functions set_NAME() add them.
abi::network_record record_of(const NetworkRequest& request);
// Writes the fields of no service to the record. Fields that are not given stay.
void set_basics(abi::network_record& record, const NetworkRequest& request);
bool changes_host_addresses(const NetworkRequest& request);

// The request that would restore the record.
NetworkRequest network_request(const abi::network_record& record);

// Lists the settings of `record` that differ from `wanted`: "ageing is 300 s, not 60 s; domain is
// none, not lab.example".
std::string difference(const abi::network_record& record, const abi::network_record& wanted);

}  // namespace xvnet
