// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

#include "loader/ip_address.h"
#include "loader/result.h"

namespace xvnet {

// An ARP announcement (RFC 5227, 2.3), with the MAC of the device. Needs CAP_NET_RAW.
Result<void> send_arp_announcement(std::uint32_t ifindex, Ipv4 address);

}  // namespace xvnet
