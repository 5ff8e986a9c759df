// SPDX-License-Identifier: BSD-2-Clause
//
// Implements Host::random_translations() and Host::published_ports(): reads the rules of
// nf_tables.
#pragma once

#include <string>
#include <vector>

#include "loader/base/host.h"

namespace xvnet {

// An empty list if the kernel has no nf_tables. Rules of iptables-legacy are not visible there.
Result<std::vector<std::string>> find_random_translations();
Result<PortSet> find_published_ports(Ipv4 address);

}  // namespace xvnet
