// SPDX-License-Identifier: BSD-2-Clause
//
// A NetworkRequest against the rules, and as a record.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/request.h"
#include "maps/records.h"

namespace xvnet {

// A request that makes no sense: kUsage.
std::unexpected<Error> network_misuse(const abi::network_record& record, std::string_view cause);

// 1 to NAME_SIZE - 1 letters, digits, '-', '_' or '.': a network's or a router's.
bool is_plain_name(std::string_view name);
Result<void> check_network_name(std::string_view name);
Result<void> check_ageing(const NetworkRequest& request);
// Of a VLAN, untagged, or neither.
Result<void> check_kind(std::string_view doing, const NetworkRequest& request);
Result<void> check_vid(std::string_view doing, std::uint16_t vid);

// What every network has; its addresses and services come by the set_* of their own.
abi::network_record record_of(const NetworkRequest& request);
Result<void> set_host_addresses(abi::network_record& record, const NetworkRequest& request);
std::vector<std::string> host_addresses_of(const abi::network_record& record);

}  // namespace xvnet
