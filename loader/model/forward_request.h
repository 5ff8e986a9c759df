// SPDX-License-Identifier: BSD-2-Clause
//
// Validates a ForwardRequest and converts it to and from an entry of maps/forwards.h.
#pragma once

#include <string>

#include "loader/base/tables.h"
#include "loader/model/request.h"
#include "maps/forwards.h"
#include "maps/records.h"

namespace xvnet {

const char* format_protocol(ForwardProtocol protocol);  // "udp", "tcp", "all"

// Errors are kUsage. check_outside() is for a request without an inside address.
Result<void> check_request(const ForwardRequest& request);
Result<void> check_outside(const ForwardRequest& request);
// Checks the inside address against the network's subnet.
Result<void> check_inside(const ForwardRequest& request, const abi::network_record& network);

abi::nat_slot_key forward_key(const ForwardRequest& request);
// The entry is incomplete (RECORD_INCOMPLETE).
abi::forward forward_entry(const ForwardRequest& request, std::uint32_t network);
ForwardRequest forward_request(const abi::nat_slot_key& key, const abi::forward& forward,
                               std::string network);

// The open forwards.
Result<std::vector<ForwardRequest>> forward_requests(Tables& tables);

// "tcp 203.0.113.5:8000-8010"
std::string forward_text(const ForwardRequest& request);
std::string forward_text(const abi::nat_slot_key& key, const abi::forward& forward);

}  // namespace xvnet
