// SPDX-License-Identifier: BSD-2-Clause
//
// Public addresses: which ones a network speaks from, and the uplink where each is at home.
#pragma once

#include <vector>

#include "loader/tables.h"

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

}  // namespace xvnet
