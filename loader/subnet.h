// SPDX-License-Identifier: BSD-2-Clause
//
// The subnet of a network: what is asked for, against the rules and what the network's ports have.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "loader/ip_address.h"
#include "loader/network.h"

namespace xvnet {

std::optional<Subnet> subnet_of(const abi::network_record& record);

// What the request says of the subnet goes into the record; what it does not say stays.
Result<void> set_subnet(abi::network_record& record, const NetworkRequest& request);

// Another network, of those that `is_rival` picks, whose subnet has some address of this one's.
Result<std::optional<abi::network_record>> find_overlapping(
    Tables& tables, const Network& network,
    const std::function<bool(const abi::network_record&)>& is_rival);

// What the programs know of it: enum network_flags.
std::uint16_t subnet_flags(const abi::network_record& record);

// The gateway's entry, with the way to the network, is there for as long as a network's flags speak
// of it: it is put before them and erased after.
Result<void> provide_gateway(Change& change, const Network& network);
Result<void> withdraw_gateway(Change& change, const Network& network);

// Refuses a change that would take an address from a port that has it.
Result<void> check_subnet_change(Tables& tables, const Network& before,
                                 const abi::network_record& after);

// The addresses that are the network's own: its gateway's and the host's.
std::vector<Ipv4> own_addresses(const abi::network_record& record);

}  // namespace xvnet
