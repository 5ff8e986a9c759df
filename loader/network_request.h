// SPDX-License-Identifier: BSD-2-Clause
//
// Validates a NetworkRequest and converts it to a record.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/request.h"
#include "maps/records.h"

namespace xvnet {

// Returns a kUsage error for the named network.
std::unexpected<Error> network_misuse(const abi::network_record& record, std::string_view cause);

// Whether a network's or router's name is valid: 1 to NAME_SIZE - 1 letters, digits, '-', '_' or
// '.'.
bool is_plain_name(std::string_view name);
Result<void> check_network_name(std::string_view name);
Result<void> check_ageing(const NetworkRequest& request);
// Checks that the network is of one kind only: VLAN, untagged or host-only.
Result<void> check_kind(std::string_view doing, const NetworkRequest& request);
Result<void> check_vid(std::string_view doing, std::uint16_t vid);

// The basic fields of a new record. The set_*() functions add addresses and services.
abi::network_record record_of(const NetworkRequest& request);
Result<void> set_host_addresses(abi::network_record& record, const NetworkRequest& request);
std::vector<std::string> host_addresses_of(const abi::network_record& record);

}  // namespace xvnet
