// SPDX-License-Identifier: BSD-2-Clause
//
// An instance's programs on devices, by whichever means the hook and the kernel have: a pinned
// link, a filter of clsact, or libxdp's dispatcher.
#pragma once

#include <cstdint>
#include <string>

#include "loader/kernel.h"
#include "loader/linux/file_descriptor.h"
#include "loader/linux/pin_root.h"

namespace xvnet {

class Attachments {
 public:
  explicit Attachments(PinRoot root) : root_(std::move(root)) {}

  Result<void> attach(Program program, std::uint32_t ifindex, Hook hook, bool share_xdp);
  Result<void> detach(std::uint32_t ifindex, Hook hook);
  Result<Attachment> state(std::uint32_t ifindex, Hook hook) const;
  Result<std::string> foreign_xdp(std::uint32_t ifindex) const;

 private:
  Result<void> attach_xdp(Program program, const FileDescriptor& loaded, std::uint32_t ifindex,
                          bool share_xdp);
  Result<void> attach_tc(const FileDescriptor& loaded, std::uint32_t ifindex, Hook hook);
  // Of the means a hook has beside the pinned link.
  Result<Attachment> other_state(std::uint32_t ifindex, Hook hook) const;
  // What runs as native XDP and is not this instance's; empty: nothing does.
  Result<std::string> other_xdp(std::uint32_t ifindex) const;

  PinRoot root_;
};

}  // namespace xvnet
