// SPDX-License-Identifier: BSD-2-Clause
//
// The connections that the network namespace tracks, read through ctnetlink (nf_conntrack).
#pragma once

#include "loader/base/host.h"

namespace xvnet {

// Returns the local ports (for ICMP, the identifiers) at which tracked connections expect replies
// to the address. Empty if the kernel tracks nothing.
Result<PortSet> tracked_ports(Transport transport, Ipv4 address);

}  // namespace xvnet
