// SPDX-License-Identifier: BSD-2-Clause
//
// Where an instance's pins are: /sys/fs/bpf/<instance>/v<abi>/{maps,progs,links}/. No name there
// holds a dot, which bpffs refuses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loader/kernel.h"
#include "maps/abi.h"

namespace xvnet {

constexpr std::string_view kBpffs = "/sys/fs/bpf";

class PinRoot {
 public:
  explicit PinRoot(std::string_view instance, std::uint32_t abi = XVNET_ABI_VERSION);

  const std::string& instance() const { return instance_; }
  std::uint32_t abi() const { return abi_; }
  const std::string& directory() const { return directory_; }
  std::string map(std::string_view name) const { return version_ + "/maps/" + std::string(name); }
  std::string program(std::string_view name) const {
    return version_ + "/progs/" + std::string(name);
  }
  // Where a program waits until all of its build are accepted.
  std::string next_program(std::string_view name) const { return program(name) + "-next"; }
  // links/<ifindex>-<hook>[-<variant>]: the link of an attachment, or a program that stands for it.
  std::string link(std::uint32_t ifindex, Hook hook, std::string_view variant = {}) const;
  // Pinned while the clsact qdisc of the device is xvnet's.
  std::string qdisc(std::uint32_t ifindex) const;

  std::string links() const;
  std::string programs() const;

  // The versions of xvnet that have pins of this instance, the lowest first; and all but this one.
  Result<std::vector<std::uint32_t>> abis() const;
  Result<std::vector<std::uint32_t>> other_abis() const;
  // Makes the directories below directory().
  Result<void> create() const;
  // Removes everything of this version, and the directory of the instance with the last one, if it
  // may.
  Result<void> remove() const;

 private:
  std::string instance_;
  std::uint32_t abi_;
  std::string directory_;
  std::string version_;
};

// Of every instance and version there is.
Result<std::vector<PinRoot>> all_roots();

bool is_bpffs_mounted();
// Whether this process has a mount namespace of its own, as far as it can see. A mount made there,
// such as in that of `ip netns exec`, goes with the last process there, and every attachment with
// it.
bool is_mount_namespace_private();
Result<void> mount_bpffs();

}  // namespace xvnet
