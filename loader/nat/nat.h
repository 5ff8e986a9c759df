// SPDX-License-Identifier: BSD-2-Clause
//
// Source NAT of networks, as the programs use it.
//
// The network's entry in nat_networks is written first and erased last; the flag NETWORK_NAT is set
// last and cleared first. So the next command finds what an interrupted one left, and no frame is
// translated with incomplete state.
#pragma once

#include <optional>
#include <vector>

#include "loader/base/change.h"
#include "loader/model/records.h"
#include "loader/nat/public_address.h"

namespace xvnet {

// The addresses and ports that provide_nat() will use.
struct NatPlan {
  std::vector<PublicAddress> addresses;
  std::vector<abi::nat_range> ranges;  // one for each address
};

// Chooses addresses and ports from the current state; fails if they are not available. Writes
// nothing. `network.id` is 0 for a network that does not exist yet.
Result<NatPlan> plan_nat(Tables& tables, const Host& host, const Network& network);

// Turns on SNAT for the network, or changes it. Mappings survive if the ranges do not change. New
// addresses are announced to the neighbours of their uplink.
Result<void> provide_nat(Change& change, const Network& network, const NatPlan& plan);
// Turns off SNAT and ends all mappings of the network.
Result<void> withdraw_nat(Change& change, std::uint32_t network);

// Updates addresses and flags after an uplink was added or changed, and turns on SNAT for networks
// that waited for an address.
Result<void> follow_uplinks(Change& change);
std::uint16_t uplink_nat_flag(bool has_nat);
Result<bool> has_nat(Tables& tables);

// Removes incomplete NAT state that an interrupted command left.
Result<void> repair_nat(Change& change);

}  // namespace xvnet
