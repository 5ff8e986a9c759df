// SPDX-License-Identifier: BSD-2-Clause
//
// Public addresses: which ones a network speaks from, and the uplink where each is at home.
#pragma once

#include <vector>

#include "loader/change.h"

namespace xvnet {

struct PublicAddress {
  Ipv4 address;
  abi::nat_address entry{};  // as the programs get to know it

  bool is_of_host() const { return entry.flags & abi::NAT_ADDRESS_OF_HOST; }
};

// Those that the record asks for, in its order, by the uplinks and their addresses of this moment.
// kFailed when they cannot tell: there is no uplink, none or several have an address, ...
Result<std::vector<PublicAddress>> find_public_addresses(Tables& tables, const Kernel& kernel,
                                                         const abi::network_record& record);
// The same of one address. `what` asks for it, and begins the message of a refusal.
Result<PublicAddress> find_public_address(Tables& tables, const Kernel& kernel, Ipv4 address,
                                          const std::string& what);

// Has the programs know the address, and its neighbours, if they do not yet.
Result<void> hold_address(Change& change, const PublicAddress& address);
// Nobody is to know it any more whom no network and no forward needs it for. A forward that is not
// complete needs it no more.
Result<void> release_address(Change& change, const abi::address& address,
                             std::uint32_t network_that_goes = 0);

}  // namespace xvnet
