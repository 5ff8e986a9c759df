// SPDX-License-Identifier: BSD-2-Clause
//
// Which devices are ends of host interfaces: their names and ports.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/base/change.h"
#include "loader/model/records.h"

namespace xvnet {

inline constexpr std::string_view kHostPrefix = "xv-";
inline constexpr std::string_view kPortPrefix = "xp-";

std::string host_interface_name(std::string_view network);  // "xv-lab", the end of the host
std::string host_port_name(std::string_view network);       // "xp-lab", the port
std::string host_end_name(std::string_view port);           // "xv-lab" for the port "xp-lab"

// The ports that are inner ends of host interfaces of the network: one or none.
Result<std::vector<PortEntry>> host_ports(Tables& tables, std::uint32_t network);

// Refuses a device that is an end of a host interface, of this or another instance. Such a device
// cannot be another port or an uplink. `doing` begins the error message.
Result<void> check_is_no_host_interface(Change& change, std::string_view doing,
                                        const std::string& device);

}  // namespace xvnet
