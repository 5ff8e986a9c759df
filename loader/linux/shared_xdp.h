// SPDX-License-Identifier: BSD-2-Clause
//
// An XDP program beside those of others: through libxdp's dispatcher, which keeps its own pins
// under /sys/fs/bpf/xdp. Our program there is known by using one of the instance's maps; a pin
// beside the links remembers that there should be one.
#pragma once

#include <cstdint>

#include "loader/kernel.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/pin_root.h"

namespace xvnet {

// `loaded` is the pinned `program`; libxdp has to load a copy of its own.
Result<void> attach_shared_xdp(const PinRoot& root, Program program, const FileDescriptor& loaded,
                               std::uint32_t ifindex);
// Nothing there: no error.
Result<void> detach_shared_xdp(const PinRoot& root, std::uint32_t ifindex);
Result<Attachment> shared_xdp_state(const PinRoot& root, std::uint32_t ifindex);

}  // namespace xvnet
