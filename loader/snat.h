// SPDX-License-Identifier: BSD-2-Clause
//
// What is asked for of source NAT: a request against the rules, and the record of it. What comes of
// it is in nat.h.
#pragma once

#include <string>
#include <vector>

#include "loader/request.h"
#include "maps/records.h"

namespace xvnet {

// The SNAT side of a request, into the record; what the request does not say stays. Comes after the
// subnet and the gateway.
Result<void> set_snat(abi::network_record& record, const NetworkRequest& request);

bool has_snat(const abi::network_record& record);
// The addresses that are named; none with --snat auto.
std::vector<Ipv4> snat_addresses(const abi::network_record& record);
SnatFilter snat_filter(const abi::network_record& record);
// "203.0.113.5,203.0.113.6", or "auto"
std::string snat_text(const abi::network_record& record);

// Whether the request says anything of SNAT.
bool speaks_of_snat(const NetworkRequest& request);

}  // namespace xvnet
