// SPDX-License-Identifier: BSD-2-Clause
//
// Source NAT of networks, as the programs know it.
//
// A network's entry in nat_networks comes first and goes last, NETWORK_NAT comes last and goes
// first. So what a killed command leaves is found by that entry, and no frame is translated by
// halves.
#pragma once

#include <optional>
#include <vector>

#include "loader/network.h"
#include "loader/public_address.h"

namespace xvnet {

// What is to be provided.
struct NatPlan {
  std::vector<PublicAddress> addresses;
  std::vector<abi::nat_range> ranges;  // one of each address
};

// Chosen by what there is at this moment, and refused where it cannot be had: nothing is written.
// A network that is still to be made has the id 0.
Result<NatPlan> plan_nat(Tables& tables, const Kernel& kernel, const Network& network);

// The network's ports speak to the outside from now on. Mappings stay where the ranges do. The
// neighbours of an uplink are told of an address that is new there.
Result<void> provide_nat(Change& change, const Network& network, const NatPlan& plan);
// They do not any more, and their mappings end.
Result<void> withdraw_nat(Change& change, std::uint32_t network);

// Whether ports of the network need IPv4 forwarding. bpf_fib_lookup() finds no route for what comes
// in on a device without it. It opens nothing: the host's stack never sees a frame of a port.
Result<bool> is_translated(Tables& tables, std::uint32_t network);

// The mappings of a port that goes.
Result<void> end_mappings(Change& change, std::uint32_t network, std::uint32_t ifindex);

// What an uplink that came or changed has to know, and networks that have waited for it.
Result<void> follow_uplinks(Change& change);
std::uint16_t uplink_nat_flag(bool has_nat);
Result<bool> has_nat(Tables& tables);

// What a killed command left.
Result<void> settle_nat(Change& change);

}  // namespace xvnet
