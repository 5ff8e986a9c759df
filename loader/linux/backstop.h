// SPDX-License-Identifier: BSD-2-Clause
//
// A port's backstop: a chain of nf_tables at the device's ingress, behind all tc programs, that
// drops everything. The port's own program deals with every frame, so nothing gets there; should
// the program go, nothing gets past. It needs no pin, no link and no filter of xvnet's, and costs
// nothing per frame.
//
//   table netdev xvnet { chain port-12 { type filter hook ingress device "tap0" priority 0; policy
//   drop; } }
//
// Where the kernel has no nf_tables there is none, and none is missed.
#pragma once

#include <cstdint>

#include "loader/result.h"

namespace xvnet {

Result<void> set_device_backstop(std::uint32_t ifindex, bool on);
// It could have one.
Result<bool> lacks_device_backstop(std::uint32_t ifindex);

}  // namespace xvnet
