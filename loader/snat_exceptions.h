// SPDX-License-Identifier: BSD-2-Clause
//
// To whom a network with source NAT speaks by its own addresses: RFC 6888, REQ-6.
#pragma once

#include "loader/network.h"

namespace xvnet {

// What the request says of it goes into the record; what it does not say stays. Comes after the
// SNAT itself.
Result<void> set_snat_exceptions(abi::network_record& record, const NetworkRequest& request);

std::vector<Subnet> snat_exceptions(const abi::network_record& record);
// enum nat_flags
std::uint32_t exceptions_flag(const abi::network_record& record);

// Whom would an answer to an inside address be for, where two such networks have it?
Result<void> check_snat_exceptions(Tables& tables, const Network& network);

// The ways there and back. They are there before the flag that programs see, and go after it.
Result<void> provide_snat_exceptions(Change& change, const Network& network);
Result<void> withdraw_snat_exceptions(Change& change, std::uint32_t network);

}  // namespace xvnet
