// SPDX-License-Identifier: BSD-2-Clause
//
// Attaches a tc program as a filter of the clsact qdisc, for kernels without tcx. A filter cannot
// be pinned, so its program is pinned as a marker beside the links.
#pragma once

#include <cstdint>

#include "loader/base/host.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/pin_root.h"

namespace xvnet {

// Like attach_link(): does nothing, replaces the program, or adds a filter. Never replaces a filter
// of another owner.
Result<void> attach_filter(const PinRoot& root, const FileDescriptor& program,
                           std::uint32_t ifindex, Hook hook);
// Also removes the qdisc if xvnet created it and it has no other filters.
Result<void> detach_filter(const PinRoot& root, std::uint32_t ifindex, Hook hook);
// Returns the program id of our filter, or 0 for none.
Result<std::uint32_t> filter_program_id(const PinRoot& root, std::uint32_t ifindex, Hook hook);
Result<Attachment> filter_state(const PinRoot& root, std::uint32_t ifindex, Hook hook);

}  // namespace xvnet
