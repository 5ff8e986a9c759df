// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/instance_upgrade.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "loader/linux/bpf_object.h"
#include "loader/linux/instance_meta.h"
#include "loader/linux/migration.h"

namespace xvnet {
namespace {

namespace fs = std::filesystem;

// Pins links, and the programs and markers of attachments without a link, in the new root too.
Result<void> share_links(const PinRoot& root, const PinRoot& previous) {
  std::error_code error;
  fs::directory_iterator entry(previous.links(), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string path = fmt::format("{}/{}", root.links(), entry->path().filename().native());
    if (is_pinned(path)) continue;
    auto object = open_pin(entry->path());
    if (!object)
      return fail_errno(object.error(), fmt::format("open pin {:?}", entry->path().native()));
    XVNET_TRY(pin(*object, path));
  }
  if (!error || error.value() == ENOENT) return {};
  return fail_errno(error.value(), fmt::format("list {:?}", previous.links()));
}

}  // namespace

Result<std::optional<PinRoot>> find_previous(const PinRoot& own) {
  XVNET_ASSIGN(others, own.other_abis());
  if (!others.empty() && others.back() > own.abi()) XVNET_TRY(check_other_versions(own));
  for (auto abi = others.rbegin(); abi != others.rend(); ++abi) {
    PinRoot root(own.instance(), *abi);
    XVNET_ASSIGN(meta, find_meta(root));
    if (!meta) continue;
    const std::string name(table_name(TableId::kMeta));
    XVNET_ASSIGN(is_complete, read_number(*meta, name, "complete"));
    if (!is_complete) continue;
    XVNET_ASSIGN(dev, read_number(*meta, name, "netns_dev"));
    XVNET_ASSIGN(inode, read_number(*meta, name, "netns_inode"));
    XVNET_TRY(check_namespace(own, {dev, inode}));
    return root;
  }
  return std::nullopt;
}

Result<void> InstanceUpgrade::load_after(const PinRoot& previous) {
  const bool is_second_try = is_pinned(root_.links());
  XVNET_TRY(root_.create());
  auto done = load_programs_after(root_, previous, log_);
  if (done) done = share_links(root_, previous);
  if (done) previous_ = previous;
  // An interrupted upgrade may have moved attachments to this root, so it must stay.
  if (done || is_second_try) return done;
  if (auto undone = root_.remove(); !undone) {
    done.error().message += "; and then: " + undone.error().message;
  }
  return done;
}

Result<void> InstanceUpgrade::load_again() {
  XVNET_ASSIGN(map, find_meta(root_));
  XVNET_ASSIGN(meta, read_meta(std::move(*map)));
  if (build_id() == meta.build) return {};
  XVNET_ASSIGN(programs, pinned_programs(root_));
  XVNET_TRY(load_programs_again(root_, log_));
  previous_programs_ = std::move(programs);
  return {};
}

Result<bool> InstanceUpgrade::commit() {
  XVNET_ASSIGN(map, find_meta(root_));
  XVNET_ASSIGN(meta, read_meta(std::move(*map)));
  const bool is_new = previous_ || build_id() != meta.build;
  meta.complete = 1;
  std::ranges::fill(meta.build, '\0');
  build_id().copy(meta.build, sizeof meta.build - 1);
  XVNET_TRY(write_meta(root_, meta));
  XVNET_ASSIGN(others, root_.other_abis());
  for (std::uint32_t abi : others) XVNET_TRY(PinRoot(root_.instance(), abi).remove());
  return is_new;
}

Result<PinRoot> InstanceUpgrade::previous_root() {
  if (previous_) return *previous_;
  if (!previous_programs_.empty()) XVNET_TRY(pin_programs(root_, previous_programs_));
  return root_;
}

Result<void> InstanceUpgrade::forget() { return previous_ ? root_.remove() : Result<void>{}; }

}  // namespace xvnet
