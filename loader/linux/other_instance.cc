// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/other_instance.h"

#include <filesystem>
#include <vector>

#include "loader/linux/clsact.h"
#include "loader/linux/pinned_link.h"

namespace xvnet {
namespace {

namespace fs = std::filesystem;

// The instances that the caller may read: a user cannot see those of root.
std::vector<PinRoot> visible_roots() {
  std::vector<PinRoot> roots;
  std::error_code error;
  fs::directory_iterator entry(kBpffs, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string instance = entry->path().filename();
    const auto abis = PinRoot(instance).abis();
    if (!abis) continue;
    for (const std::uint32_t abi : *abis) roots.emplace_back(instance, abi);
  }
  return roots;
}

Result<bool> runs_on(const PinRoot& root, std::uint32_t ifindex) {
  XVNET_ASSIGN(link, link_state(root.link(ifindex, Hook::kTcIngress), ifindex));
  if (link == Attachment::kLive) return true;
  XVNET_ASSIGN(filter, filter_state(root, ifindex, Hook::kTcIngress));
  return filter == Attachment::kLive;
}

}  // namespace

// Every port and uplink has a tc program at ingress, attached by a link or a filter. Checks what
// runs, not what is recorded: another instance may belong to another namespace, where the ifindex
// is another device's.
Result<std::string> find_other_instance(const PinRoot& own, std::uint32_t ifindex) {
  for (const PinRoot& root : visible_roots()) {
    if (root.instance() == own.instance()) continue;
    const auto runs = runs_on(root, ifindex);
    if (!runs && runs.error().kind == ErrorKind::kNotPermitted) continue;
    if (!runs) return std::unexpected(runs.error());
    if (*runs) return root.instance();
  }
  return std::string();
}

}  // namespace xvnet
