// SPDX-License-Identifier: BSD-2-Clause
//
// The connections that the network namespace translates: nf_conntrack, by ctnetlink.
#pragma once

#include "loader/kernel.h"

namespace xvnet {

// The local ports, of ICMP the identifiers, at which answers to the address are expected by a
// connection that the host translates. Empty where the kernel tracks nothing.
Result<PortSet> tracked_ports(Transport transport, Ipv4 address);

}  // namespace xvnet
