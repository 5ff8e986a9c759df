// SPDX-License-Identifier: BSD-2-Clause
//
// The pins of one version of an instance: /sys/fs/bpf/<instance>/v<abi>/{maps,progs,links}/. Names
// must not contain a dot, which bpffs refuses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/host.h"
#include "maps/tables.h"

namespace xvnet {

constexpr std::string_view kBpffs = "/sys/fs/bpf";

// An instance's name is a directory of bpffs: letters, digits, '_' and '-'.
constexpr std::size_t kMaxInstanceName = 32;
bool is_instance_name(std::string_view name);

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
  // Where a program is pinned until all programs of its build are accepted.
  std::string next_program(std::string_view name) const { return program(name) + "-next"; }
  // links/<ifindex>-<hook>[-<variant>]: the link of an attachment, or a program that marks an
  // attachment without a link.
  std::string link(std::uint32_t ifindex, Hook hook, std::string_view variant = {}) const;
  // Pinned while the device has a clsact qdisc that xvnet created.
  std::string qdisc(std::uint32_t ifindex) const;

  std::string links() const;
  std::string programs() const;

  // The versions of xvnet that have pins of this instance, lowest first. other_abis() leaves out
  // this version.
  Result<std::vector<std::uint32_t>> abis() const;
  Result<std::vector<std::uint32_t>> other_abis() const;
  // Creates the directories below directory().
  Result<void> create() const;
  // Removes all pins of this version. With the last version, also removes the instance's directory,
  // if permitted.
  Result<void> remove() const;

 private:
  std::string instance_;
  std::uint32_t abi_;
  std::string directory_;
  std::string version_;
};

// The roots of all instances and versions.
Result<std::vector<PinRoot>> all_roots();

bool is_bpffs_mounted();
// Whether this process has a private mount namespace, as far as it can see. A mount made there,
// such as under `ip netns exec`, goes with the namespace's last process, and all attachments with
// it.
bool is_mount_namespace_private();
Result<void> mount_bpffs();

}  // namespace xvnet
