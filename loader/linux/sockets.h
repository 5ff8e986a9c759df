// SPDX-License-Identifier: BSD-2-Clause
//
// The sockets of the network namespace, as /proc/net lists them: proc_pid_net(5).
#pragma once

#include "loader/kernel.h"

namespace xvnet {

// The local ports of those that are bound to the address, or to any. Those in TIME_WAIT are no
// sockets any more.
Result<PortSet> socket_ports(Transport transport, Ipv4 address);

}  // namespace xvnet
