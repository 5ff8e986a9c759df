// SPDX-License-Identifier: BSD-2-Clause
//
// A tc program as a filter of the clsact qdisc, for kernels without tcx. A filter is no pinned
// object: its program is pinned beside the links to remember it by.
#pragma once

#include <cstdint>

#include "loader/kernel.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/pin_root.h"

namespace xvnet {

// As attach_link(): a no-op, an update or a new filter. Never replaces a filter of someone else.
Result<void> attach_filter(const PinRoot& root, const FileDescriptor& program,
                           std::uint32_t ifindex, Hook hook);
// Removes the qdisc too when xvnet made it and nobody else uses it.
Result<void> detach_filter(const PinRoot& root, std::uint32_t ifindex, Hook hook);
// The id of the program of our filter; 0: there is none.
Result<std::uint32_t> filter_program_id(const PinRoot& root, std::uint32_t ifindex, Hook hook);
Result<Attachment> filter_state(const PinRoot& root, std::uint32_t ifindex, Hook hook);

}  // namespace xvnet
