// SPDX-License-Identifier: BSD-2-Clause
//
// Public addresses: which ones a network uses, and the uplink where each is reachable.
#pragma once

#include <vector>

#include "loader/base/change.h"

namespace xvnet {

// What happens if the public addresses cannot be determined yet, as at boot, when uplinks have no
// addresses: an error, or a warning and a later attempt.
enum class SnatMiss { kRefused, kLater };

struct PublicAddress {
  Ipv4 address;
  abi::nat_address entry{};        // the entry for the programs
  bool is_beside_uplinks = false;  // in no uplink's subnet: a router must route it to this host

  bool is_of_host() const { return entry.flags & abi::NAT_ADDRESS_OF_HOST; }
};

// Returns the public addresses that the record asks for, in its order, from the current uplinks and
// their addresses. `network` is the network's id, or 0 if it does not exist yet; with `--snat auto`
// an existing network keeps its address. Fails with kFailed if the choice is not clear: no uplink,
// or no or several uplinks with an address.
Result<std::vector<PublicAddress>> find_public_addresses(Tables& tables, const Host& host,
                                                         std::uint32_t network,
                                                         const abi::network_record& record);
// Like find_public_addresses(), for one address. `what` names the request and begins the error
// message.
Result<PublicAddress> find_public_address(Tables& tables, const Host& host, Ipv4 address,
                                          const std::string& what);

// Refuses a new address if another machine on the uplink's LAN answers ARP for it (RFC 5227).
Result<void> check_unanswered(Change& change, const PublicAddress& address);

// Warnings for new addresses that are in no uplink's subnet, so neighbours send no ARP request for
// them.
Result<std::vector<std::string>> reach_warnings(Change& change,
                                                const std::vector<PublicAddress>& addresses);

// Writes the address's entry for the programs, and announces it to neighbours if it is new.
Result<void> hold_address(Change& change, const PublicAddress& address);
// Whether a network has a port range of the address. `except` is the id of a network to ignore.
Result<bool> is_snat_address(Tables& tables, const abi::address& address, std::uint32_t except = 0);
// Erases the address's entry if no network and no complete forward uses it. `network_that_goes` is
// the id of a network that is being removed.
Result<void> release_address(Change& change, const abi::address& address,
                             std::uint32_t network_that_goes = 0);

}  // namespace xvnet
