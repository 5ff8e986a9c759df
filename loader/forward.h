// SPDX-License-Identifier: BSD-2-Clause
//
// Forwards: public ports that lead to a VM, and floating addresses.
//
// The entry of maps/forwards.h comes first, incomplete, and goes last. What a killed command leaves
// is found by it.
#pragma once

#include <string_view>

#include "loader/network.h"

namespace xvnet {

// `miss`: a public address that no uplink reaches yet.
Result<Outcome> add_forward(Change& change, const ForwardRequest& request,
                            SnatMiss miss = SnatMiss::kRefused);
// By its network, protocol and public side.
Result<Outcome> remove_forward(Change& change, const ForwardRequest& request);

// Those of a network that goes.
Result<void> remove_forwards(Change& change, std::uint32_t network);
// NAT_HAS_FLOATING, or 0: programs look for floating addresses only in networks that have one.
Result<std::uint32_t> floating_flag(Tables& tables, std::uint32_t network);
Result<bool> has_forwards(Tables& tables, std::uint32_t network);
// Whether those of the network go with its record, which is about to change.
Result<void> check_forwards(Tables& tables, const Network& network);
Result<std::vector<ForwardRequest>> forward_requests(Tables& tables);

// A public address goes along with its uplink.
Result<void> follow_forwards(Change& change);
// Whether follow_forwards() opens the forward anew, now that the host has its address.
Result<bool> may_become_hosts(Tables& tables, const Kernel& kernel, const ForwardRequest& request);

// What a killed command left.
Result<void> settle_forwards(Change& change);

}  // namespace xvnet
