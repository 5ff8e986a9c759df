// SPDX-License-Identifier: BSD-2-Clause
//
// Implements Host::remnants(): finds what the kernel has of an instance, with or without its
// tables.
#pragma once

#include <vector>

#include "loader/base/host.h"
#include "loader/linux/attachments.h"
#include "loader/linux/backstop.h"
#include "loader/linux/pin_root.h"

namespace xvnet {

Result<std::vector<Remnant>> find_remnants(const PinRoot& root, const Attachments& attachments,
                                           Backstops& backstops);

}  // namespace xvnet
