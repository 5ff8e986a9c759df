// SPDX-License-Identifier: BSD-2-Clause
//
// Destinations that a network with SNAT reaches without translation: RFC 6888, REQ-6.
#pragma once

#include "loader/base/change.h"
#include "loader/model/records.h"

namespace xvnet {

// Validates the prefixes of the request and writes them to the record. Call it after set_snat().
// Without prefixes in the request, the record's stay.
Result<void> set_snat_exceptions(abi::network_record& record, const NetworkRequest& request);

// Returns NAT_HAS_EXCEPTIONS (enum nat_flags) or 0.
std::uint32_t exceptions_flag(const abi::network_record& record);

// Refuses a subnet that overlaps one of another network with exceptions: a reply could be for
// either.
Result<void> check_snat_exceptions(Tables& tables, const Network& network);

// Write and erase the routes of both directions. They must exist while NAT_HAS_EXCEPTIONS is set.
Result<void> provide_snat_exceptions(Change& change, const Network& network);
Result<void> withdraw_snat_exceptions(Change& change, std::uint32_t network);

}  // namespace xvnet
