// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/other_instance.h"

#include <filesystem>
#include <vector>

#include "loader/linux/clsact.h"
#include "loader/linux/pinned_link.h"

namespace xvnet {
namespace {

namespace fs = std::filesystem;

// Those that the caller may look into: an instance of root's is no business of a user's.
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

// Every port and uplink runs a tc program where frames come in, by a link or by a filter. What runs
// counts and not what is recorded, for another instance may be of another namespace, where the
// number is another device's.
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
