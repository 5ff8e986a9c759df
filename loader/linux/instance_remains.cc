// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/instance_remains.h"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "loader/linux/bpf_object.h"
#include "loader/linux/instance_meta.h"
#include "loader/linux/pinned_link.h"
#include "loader/linux/programs.h"

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
Result<std::vector<std::string>> missing_table_pins(const PinRoot& root) {
  XVNET_ASSIGN(others, root.other_abis());
  if (!others.empty()) return std::vector<std::string>{};
  auto missing = missing_tables(root);
  if (!missing.empty() && !has_anything(root)) missing.clear();
  return missing;
}

Result<void> check_tables(const PinRoot& root) {
  XVNET_ASSIGN(missing, missing_table_pins(root));
  if (missing.empty()) return {};
  return fail(
      fmt::format("{}: pins are missing in {:?}: {}; what is attached continues to work, and can "
                  "only be taken down",
                  opening_of(root), root.map(""), fmt::join(missing, ", ")),
      "«down»");
}

// Without meta the instance's network namespace is unknown. It is this one if it has remnants here.
// It does not matter if there are no live attachments at all.
Result<void> check_remains(const PinRoot& root, bool is_here) {
  XVNET_ASSIGN(map, find_meta(root));
  if (map) {
    XVNET_ASSIGN(meta, read_meta(std::move(*map)));
    return check_namespace(root, {meta.netns_dev, meta.netns_inode});
  }
  XVNET_ASSIGN(are_dead, are_all_links_dead(root));
  if (is_here || are_dead || is_empty_directory(root.links())) return {};
  return fail(
      opening_of(root) + ": it may belong to another network namespace",
      fmt::format("run `«down»` there; if that namespace is gone, remove {:?}", root.directory()));
}

}  // namespace xvnet
