// SPDX-License-Identifier: BSD-2-Clause
//
// Attaches a program to a device with a pinned bpf_link: native XDP, and tcx where the kernel has
// it (6.6).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "loader/base/host.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/pin_root.h"

namespace xvnet {

// Whether tc programs attach by links on this kernel. The environment variable XVNET_NO_TCX makes
// it false, for tests.
bool is_tcx_supported();

// Waits until `is_released` returns true. A kernel worker detaches a link some time after its last
// pin is gone. Returns false after two seconds.
bool await_release(const std::function<bool()>& is_released);

// Does nothing if the pinned link runs `program` already, moves a live link to `program`, and
// replaces an orphaned one. On success the link is pinned.
Result<void> attach_link(const std::string& pin_path, const FileDescriptor& program,
                         std::uint32_t ifindex, Hook hook);
Result<void> detach_link(const std::string& pin_path);
Result<Attachment> link_state(const std::string& pin_path, std::uint32_t ifindex);

// Returns the program id of the pinned link, or 0 if there is none.
std::uint32_t link_program_id(const std::string& pin_path);

// Whether the instance has attachments, all of them are links, and the device of each is gone, in
// whatever network namespace it was.
Result<bool> are_all_links_dead(const PinRoot& root);

}  // namespace xvnet
