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

Result<void> check_network_name(std::string_view name);
Result<void> check_ageing(const NetworkRequest& request);
// Checks that the network is of one kind only: VLAN, untagged or host-only.
Result<void> check_kind(std::string_view doing, const NetworkRequest& request);

// The basic fields of a new record. The set_*() functions add addresses and services.
abi::network_record record_of(const NetworkRequest& request);
Result<void> set_host_addresses(abi::network_record& record, const NetworkRequest& request);

}  // namespace xvnet
