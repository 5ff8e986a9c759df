// SPDX-License-Identifier: BSD-2-Clause
//
// What a device's driver can do with XDP.
#pragma once

#include "loader/kernel.h"

namespace xvnet {

// For drivers that xvnet does not know itself this asks the kernel, which can tell since 6.3;
// before that the answer for them is no.
Result<XdpSupport> read_xdp_support(const Link& link);

}  // namespace xvnet
