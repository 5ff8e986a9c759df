// SPDX-License-Identifier: BSD-2-Clause
//
// Attaches an instance's programs to devices. The mechanism depends on the hook and the kernel: a
// pinned link, a clsact filter, or libxdp's dispatcher.
#pragma once

#include <cstdint>
#include <string>

#include "loader/base/host.h"
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
  // The state of the hook's other mechanism, besides the pinned link.
  Result<Attachment> other_state(std::uint32_t ifindex, Hook hook) const;
  // An XDP program on the device that is not this instance's; empty for none.
  Result<std::string> other_xdp(std::uint32_t ifindex) const;

  PinRoot root_;
};

}  // namespace xvnet
