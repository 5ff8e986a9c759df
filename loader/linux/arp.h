// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

#include "loader/base/host.h"
#include "loader/base/ip_address.h"
#include "loader/base/result.h"

namespace xvnet {

// Returns the MAC that answers an ARP probe for the address, or nothing if none answers within half
// a second.
Result<std::optional<Mac>> send_arp_probe(std::uint32_t ifindex, Ipv4 address);

// Sends an ARP announcement (RFC 5227, 2.3) with the MAC of the device. Needs CAP_NET_RAW.
Result<void> send_arp_announcement(std::uint32_t ifindex, Ipv4 address);

}  // namespace xvnet
