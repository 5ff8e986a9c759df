// SPDX-License-Identifier: BSD-2-Clause
//
// The part of InstancePins for instances of which pins were removed.
//
// A table without its pin lives on in the programs that use it, but no command can open it. A new
// table in its place would not be used by these programs. So only `down` may change such an
// instance.
#include <bpf/bpf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "loader/linux/instance_pins.h"
#include "loader/linux/lock.h"
#include "loader/linux/pinned_link.h"

namespace xvnet {
namespace {

namespace fs = std::filesystem;

constexpr std::array kRecords = {TableId::kPortRecords, TableId::kUplinkRecords,
                                 TableId::kNetworkRecords};

bool is_empty_directory(const std::string& path) {
  std::error_code error;
  return fs::directory_iterator(path, error) == fs::directory_iterator();
}

bool has_entries(const std::string& path) {
  const auto map = open_pin(path, PinAccess::kReadOnly);
  if (!map) return false;
  const auto info = map_info(*map);
  if (!info) return false;
  std::vector<std::byte> first(info->key_size);
  return bpf_map_get_next_key(map->get(), nullptr, first.data()) == 0;
}

// An interrupted first load has pinned tables and nothing else. An interrupted `down` leaves only
// tables without records.
bool has_anything(const PinRoot& root) {
  return !is_empty_directory(root.links()) || !is_empty_directory(root.programs()) ||
         std::ranges::any_of(
             kRecords, [&root](TableId each) { return has_entries(root.map(table_name(each))); });
}

}  // namespace

// After an interrupted upgrade between two versions, the next upgrade creates the missing tables.
Result<std::vector<std::string>> InstancePins::missing_tables() const {
  XVNET_ASSIGN(others, root_.other_abis());
  if (!others.empty()) return std::vector<std::string>{};
  auto missing = xvnet::missing_tables(root_);
  if (!missing.empty() && !has_anything(root_)) missing.clear();
  return missing;
}

Result<std::vector<std::string>> InstancePins::missing_programs() const {
  return xvnet::missing_programs(root_);
}

Result<void> InstancePins::check_tables() const {
  XVNET_ASSIGN(missing, missing_tables());
  if (missing.empty()) return {};
  return fail(
      fmt::format("{}: pins are missing in {:?}: {}; what is attached continues to work, and can "
                  "only be taken down",
                  doing(), root_.map(""), fmt::join(missing, ", ")),
      "«down»");
}

// Without meta the instance's network namespace is unknown. It is this one if it has remnants here.
// It does not matter if there are no live attachments at all.
Result<void> InstancePins::check_remains(bool is_here) const {
  XVNET_ASSIGN(map, find_meta(root_));
  if (map) {
    XVNET_ASSIGN(meta, read_meta(std::move(*map)));
    return check_namespace(meta.netns_dev, meta.netns_inode);
  }
  XVNET_ASSIGN(are_dead, are_all_links_dead(root_));
  if (is_here || are_dead || is_empty_directory(root_.links())) return {};
  return fail(
      doing() + ": it may belong to another network namespace",
      fmt::format("run «down» there; if that namespace is gone, remove {:?}", root_.directory()));
}

Result<void> InstancePins::open_remains(Opening opening, bool is_here) {
  const bool is_change = opening == Opening::kForChange;
  FileDescriptor lock;
  if (is_change) {
    XVNET_TRY(check_capabilities());
    XVNET_ASSIGN(locked, lock_directory(root_.directory()));
    lock = std::move(locked);
  }
  XVNET_TRY(check_remains(is_here));
  for (const TableShape& shape : kTableShapes) {
    const auto at = static_cast<std::size_t>(shape.id);
    auto map =
        open_pin(root_.map(shape.name), is_change ? PinAccess::kReadWrite : PinAccess::kReadOnly);
    if (map) {
      XVNET_ASSIGN(table, LinuxTable::open(std::move(*map), shape.id));
      tables_[at] = std::move(table);
      continue;
    }
    if (map.error() != ENOENT)
      return fail_errno(map.error(), fmt::format("{}: table {:?}", doing(), shape.name));
    substitutes_[at] = std::make_unique<OverlayTable>(nullptr, shape.key_size, shape.value_size);
  }
  lock_ = std::move(lock);
  return {};
}

}  // namespace xvnet
