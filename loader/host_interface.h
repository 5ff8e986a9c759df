// SPDX-License-Identifier: BSD-2-Clause
//
// A network's host interface: a veth whose inner end is an ordinary port, so the host is a member
// like any other.
#pragma once

#include <string>
#include <vector>

#include "loader/network.h"
#include "loader/port.h"

namespace xvnet {

std::string host_interface_name(std::string_view network);  // "xv-lab", the host's end
std::string host_port_name(std::string_view network);       // "xp-lab", the port

// No addresses: no interface.
Result<void> provide_host_interface(Change& change, const Network& network,
                                    const std::vector<std::string>& addresses);
Result<void> change_host_addresses(Change& change, const Network& network,
                                   const std::vector<std::string>& before,
                                   const std::vector<std::string>& after);
Result<void> remove_host_interface(Change& change, const Network& network);

// The inner ends by their records: one, or none.
Result<std::vector<PortEntry>> host_ports(Tables& tables, std::uint32_t network);

// Refuses an end of a host interface, of this instance or another: it is neither a port of somebody
// else nor an uplink. `doing` begins the message.
Result<void> check_is_no_host_interface(Change& change, std::string_view doing,
                                        const std::string& device);

}  // namespace xvnet
