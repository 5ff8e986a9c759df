// SPDX-License-Identifier: BSD-2-Clause
//
// The parts of examine_instance(). A finding names the object, its state, and the command that
// repairs it as valid shell input.
#pragma once

#include "loader/device.h"
#include "loader/show.h"

namespace xvnet {

using Findings = std::vector<Finding>;

// Checks that every port and uplink is present, filtered and configured as attach left it.
Result<void> examine_devices(const Kernel& kernel, Tables& tables, Findings& findings);
// Checks the uplink, public addresses, public ports and host interface of every network.
Result<void> examine_networks(const Kernel& kernel, Tables& tables, Findings& findings);

// Returns the command that removes the link from its bridge: "ip link set dev eth0 nomaster", or
// `ovs-vsctl del-port` for Open vSwitch.
std::string leave_master_command(const Link& link, const std::optional<Link>& master);

}  // namespace xvnet
