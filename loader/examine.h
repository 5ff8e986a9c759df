// SPDX-License-Identifier: BSD-2-Clause
//
// The parts of examine_instance(): each check names the object, its state, and the command that
// repairs it, which a shell reads as it is printed.
#pragma once

#include "loader/device.h"
#include "loader/show.h"

namespace xvnet {

using Findings = std::vector<Finding>;

// Every port and uplink: whether it is there, filtered, and as attach left it.
Result<void> examine_devices(const Kernel& kernel, Tables& tables, Findings& findings);
// Every network: its uplink, its public addresses and ports, its host interface.
Result<void> examine_networks(const Kernel& kernel, Tables& tables, Findings& findings);

// "ip link set dev eth0 nomaster", or what takes it out of an Open vSwitch.
std::string leave_master_command(const Link& link, const std::optional<Link>& master);

}  // namespace xvnet
