// SPDX-License-Identifier: BSD-2-Clause
//
// Public addresses: which ones a network speaks from, and the uplink where each is at home.
#pragma once

#include <vector>

#include "loader/change.h"

namespace xvnet {

struct PublicAddress {
  Ipv4 address;
  abi::nat_address entry{};        // as the programs get to know it
  bool is_beside_uplinks = false;  // in the subnet of none: somebody has to route it here

  bool is_of_host() const { return entry.flags & abi::NAT_ADDRESS_OF_HOST; }
};

// Those that the record asks for, in its order, by the uplinks and their addresses of this moment.
// `network` is the id of the network, or 0 when it has none yet: with `--snat auto` it keeps the
// address that it has. kFailed when they cannot tell: there is no uplink, none or several have an
// address, ...
Result<std::vector<PublicAddress>> find_public_addresses(Tables& tables, const Kernel& kernel,
                                                         std::uint32_t network,
                                                         const abi::network_record& record);
// The same of one address. `what` asks for it, and begins the message of a refusal.
Result<PublicAddress> find_public_address(Tables& tables, const Kernel& kernel, Ipv4 address,
                                          const std::string& what);

// Refuses an address that is new and that somebody on the uplink's LAN answers ARP for (RFC 5227).
Result<void> check_unanswered(Change& change, const PublicAddress& address);

// Of addresses that are new and that no uplink's neighbours ask for.
Result<std::vector<std::string>> reach_warnings(Change& change,
                                                const std::vector<PublicAddress>& addresses);

// Has the programs know the address, and its neighbours, if they do not yet.
Result<void> hold_address(Change& change, const PublicAddress& address);
// Whether VMs of a network have ports of it; `except` does not count.
Result<bool> is_spoken_from(Tables& tables, const abi::address& address, std::uint32_t except = 0);
// Nobody is to know it any more whom no network and no forward needs it for. A forward that is not
// complete needs it no more.
Result<void> release_address(Change& change, const abi::address& address,
                             std::uint32_t network_that_goes = 0);

}  // namespace xvnet
