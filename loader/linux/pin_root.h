// SPDX-License-Identifier: BSD-2-Clause
//
// Where an instance's pins are: /sys/fs/bpf/<instance>/v<abi>/{maps,progs,links}/. No name there
// holds a dot, which bpffs refuses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "loader/kernel.h"

namespace xvnet {

constexpr std::string_view kBpffs = "/sys/fs/bpf";

class PinRoot {
 public:
  explicit PinRoot(std::string_view instance);

  const std::string& instance() const { return instance_; }
  const std::string& directory() const { return directory_; }
  std::string map(std::string_view name) const { return version_ + "/maps/" + std::string(name); }
  std::string program(std::string_view name) const {
    return version_ + "/progs/" + std::string(name);
  }
  std::string programs() const { return version_ + "/progs"; }
  // links/<ifindex>-<hook>[-<variant>]: the link of an attachment, or a program that stands for it.
  std::string link(std::uint32_t ifindex, Hook hook, std::string_view variant = {}) const;
  // Pinned while the clsact qdisc of the device is xvnet's.
  std::string qdisc(std::uint32_t ifindex) const;

  // Makes the directories below directory(). Refuses when another version of xvnet has been here.
  Result<void> create() const;
  // Removes everything, the directory last.
  Result<void> remove() const;

 private:
  std::string instance_;
  std::string directory_;
  std::string version_;
};

bool is_bpffs_mounted();
// Whether this process has a mount namespace of its own, as far as it can see. A mount made there,
// such as in that of `ip netns exec`, goes with the last process there, and every attachment with
// it.
bool is_mount_namespace_private();
Result<void> mount_bpffs();

}  // namespace xvnet
