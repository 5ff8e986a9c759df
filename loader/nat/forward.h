// SPDX-License-Identifier: BSD-2-Clause
//
// Forwards: public ports, or whole public (floating) addresses, that lead to a VM.
//
// The entry in maps/forwards.h is written first, as incomplete, and erased last. So the next
// command finds what an interrupted one left.
#pragma once

#include <string_view>

#include "loader/base/change.h"
#include "loader/model/records.h"
#include "loader/nat/public_address.h"

namespace xvnet {

// `miss` says what happens if no uplink reaches the public address yet: an error or a warning.
Result<Outcome> add_forward(Change& change, const ForwardRequest& request,
                            SnatMiss miss = SnatMiss::kRefused);
// Identifies the forward by its network, protocol and public side.
Result<Outcome> remove_forward(Change& change, const ForwardRequest& request);

// Removes all forwards of a network.
Result<void> remove_forwards(Change& change, std::uint32_t network);
// Returns NAT_HAS_FLOATING or 0. Programs look for floating addresses only in networks with that
// flag.
Result<std::uint32_t> floating_flag(Tables& tables, std::uint32_t network);
Result<bool> has_forwards(Tables& tables, std::uint32_t network);
// Checks that the network's forwards still fit its record, which is about to change.
Result<void> check_forwards(Tables& tables, const Network& network);

// Updates forwards whose public address has moved to another uplink, to or from the host.
Result<void> follow_forwards(Change& change);
// Whether follow_forwards() would reopen the forward with its address as one of the host.
Result<bool> may_become_hosts(Tables& tables, const Host& host, const ForwardRequest& request);

// Closes forwards that an interrupted command left incomplete.
Result<void> repair_forwards(Change& change);

}  // namespace xvnet
