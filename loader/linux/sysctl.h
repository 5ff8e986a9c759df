// SPDX-License-Identifier: BSD-2-Clause
//
// Network settings under /proc/sys. It shows the network namespace of the task that opens a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/host.h"

namespace xvnet {

// Does nothing if there is no IPv6 in the kernel or on this device (its MTU is below 1280). `doing`
// begins the error message.
Result<void> set_link_ipv6(std::uint32_t ifindex, bool on, const std::string& doing);

// `setting` is a name under net.ipv4.conf.<link>.
Result<void> set_link_ipv4(std::uint32_t ifindex, std::string_view setting, bool on);

// Implement Host::guard() and Host::unguarded().
Result<void> guard_link(std::uint32_t ifindex, HostAddresses addresses);
Result<std::vector<std::string>> list_unguarded(std::uint32_t ifindex, HostAddresses addresses);

Result<std::vector<SharedSetting>> list_overruling();  // Host::overruling()

Result<PortSet> read_reserved_ports();
Result<void> write_reserved_ports(const PortSet& ports);

}  // namespace xvnet
