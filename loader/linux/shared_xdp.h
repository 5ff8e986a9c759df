// SPDX-License-Identifier: BSD-2-Clause
//
// Attaches an XDP program beside those of other owners, through libxdp's dispatcher, which has its
// own pins under /sys/fs/bpf/xdp. Our program is recognized by the instance's maps that it uses. A
// pin beside the links records that it should be attached.
#pragma once

#include <cstdint>

#include "loader/base/host.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/pin_root.h"

namespace xvnet {

// `loaded` is the pinned `program`; libxdp loads its own copy.
Result<void> attach_shared_xdp(const PinRoot& root, Program program, const FileDescriptor& loaded,
                               std::uint32_t ifindex);
// Succeeds if nothing is attached.
Result<void> detach_shared_xdp(const PinRoot& root, std::uint32_t ifindex);
Result<Attachment> shared_xdp_state(const PinRoot& root, std::uint32_t ifindex);

}  // namespace xvnet
