// SPDX-License-Identifier: BSD-2-Clause
//
// The host interface of a network: a veth pair. The inner end is an ordinary port, so the host is
// an ordinary member.
#pragma once

#include <string>
#include <vector>

#include "loader/network.h"
#include "loader/port.h"

namespace xvnet {

std::string host_interface_name(std::string_view network);  // "xv-lab", the end of the host
std::string host_port_name(std::string_view network);       // "xp-lab", the port

// Does nothing if `addresses` is empty.
Result<void> provide_host_interface(Change& change, const Network& network,
                                    const std::vector<std::string>& addresses);
Result<void> change_host_addresses(Change& change, const Network& network,
                                   const std::vector<std::string>& before,
                                   const std::vector<std::string>& after);
Result<void> remove_host_interface(Change& change, const Network& network);

// The ports that are inner ends of host interfaces of the network: one or none.
Result<std::vector<PortEntry>> host_ports(Tables& tables, std::uint32_t network);

// Refuses a device that is an end of a host interface, of this or another instance. Such a device
// cannot be another port or an uplink. `doing` begins the error message.
Result<void> check_is_no_host_interface(Change& change, std::string_view doing,
                                        const std::string& device);

}  // namespace xvnet
