// SPDX-License-Identifier: BSD-2-Clause
//
// What the driver of a device supports of XDP.
#pragma once

#include "loader/base/host.h"

namespace xvnet {

// Asks the kernel (since 6.3) about drivers that xvnet does not know. Older kernels cannot answer,
// and then XDP is not used.
Result<XdpSupport> read_xdp_support(const Link& link);

}  // namespace xvnet
