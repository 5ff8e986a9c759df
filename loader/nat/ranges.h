// SPDX-License-Identifier: BSD-2-Clause
//
// Allocates port ranges of public addresses to networks.
#pragma once

#include <vector>

#include "loader/base/change.h"
#include "loader/model/records.h"
#include "loader/nat/public_address.h"

namespace xvnet {

PortSet ports_of(const abi::nat_range& range);
PortSet ports_of(const abi::nat_slot_key& key, const abi::forward& forward);

// Chooses one range for each address: a free block of as many ports as the record asks for. On an
// address of the host it avoids, while it can, the ports that operating systems choose for sockets:
// containers and VMs behind a masquerade of the host keep theirs, and the host has priority on a
// port (docs/decisions/0017). Existing ranges of the right size are kept. Fails if there are not
// enough ports.
Result<std::vector<abi::nat_range>> choose_ranges(Tables& tables, const Host& host,
                                                  const Network& network,
                                                  const std::vector<PublicAddress>& addresses);

// The ports of the host's addresses that networks and forwards use, which the kernel must not
// assign to sockets by itself. Ranges of the network `except` are left out.
Result<PortSet> ports_on_host(Tables& tables, std::uint32_t except = 0);
// The ports of the host's addresses that the network's ranges use.
Result<PortSet> ports_on_host(Tables& tables, const abi::nat_network& network);
// Adds ports to, or removes them from, the host's reserved ports
// (net.ipv4.ip_local_reserved_ports). Other reserved ports stay.
Result<void> reserve_on_host(Change& change, const PortSet& ports);
Result<void> release_on_host(Change& change, const PortSet& ports);

}  // namespace xvnet
