// SPDX-License-Identifier: BSD-2-Clause
//
// The sockets of the network namespace, from /proc/net: proc_pid_net(5).
#pragma once

#include "loader/base/host.h"

namespace xvnet {

// Returns the local ports of sockets that are bound to the address or to any address. Sockets in
// TIME_WAIT do not count.
Result<PortSet> socket_ports(Transport transport, Ipv4 address);

}  // namespace xvnet
