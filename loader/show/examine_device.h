// SPDX-License-Identifier: BSD-2-Clause
//
// The part of examine_instance() that looks at ports and uplinks.
#pragma once

#include <optional>
#include <string>

#include "loader/base/finding.h"
#include "loader/base/tables.h"

namespace xvnet {

// Checks that every port and uplink is present, filtered and configured as attach left it.
Result<void> examine_devices(const Host& host, Tables& tables, Findings& findings);

// Returns the command that removes the link from its bridge: "ip link set dev eth0 nomaster", or
// `ovs-vsctl del-port` for Open vSwitch.
std::string leave_master_command(const Link& link, const std::optional<Link>& master);

}  // namespace xvnet
