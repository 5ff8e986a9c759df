// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/instance_pins.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cassert>
#include <cerrno>

#include "loader/linux/bpf_object.h"
#include "loader/linux/capabilities.h"
#include "loader/linux/instance_meta.h"
#include "loader/linux/instance_remains.h"
#include "loader/linux/lock.h"
#include "loader/linux/pinned_link.h"

namespace xvnet {
Result<InstancePins::Completeness> InstancePins::find() const {
  XVNET_ASSIGN(map, find_meta(root_));
  if (!map) return Completeness::kMissing;
  XVNET_ASSIGN(meta, read_meta(std::move(*map)));
  if (!meta.complete) return Completeness::kIncomplete;
  XVNET_TRY(check_namespace(root_, {meta.netns_dev, meta.netns_inode}));
  return Completeness::kComplete;
}

Result<void> InstancePins::complete(Completeness completeness) {
  if (completeness == Completeness::kComplete && are_programs_loaded(root_)) return {};
  // The interrupted command may have been of another build. Its programs are not attached to any
  // device yet.
  if (completeness != Completeness::kComplete) XVNET_TRY(forget_programs(root_));
  XVNET_TRY(load_programs(root_, log_));
  if (completeness == Completeness::kComplete) return {};
  XVNET_ASSIGN(own, own_network_namespace());
  abi::meta meta{};
  meta.netns_dev = own.dev;
  meta.netns_inode = own.inode;
  meta.next_network = 1;
  meta.complete = 1;
  meta.settled = 1;
  build_id().copy(meta.build, sizeof meta.build - 1);
  return write_meta(root_, meta);
}

Result<void> InstancePins::complete_or_undo(Completeness completeness) {
  auto done = complete(completeness);
  // Nothing can be attached to a device before the first complete load.
  if (done || completeness == Completeness::kComplete) return done;
  if (auto undone = root_.remove(); !undone) {
    done.error().message += "; and then: " + undone.error().message;
  }
  return done;
}

Result<void> InstancePins::check_capabilities() const {
  XVNET_ASSIGN(missing, missing_capabilities());
  if (missing.empty()) return {};
  return fail(ErrorKind::kNotPermitted,
              fmt::format("{}: {} missing", opening_of(root_), fmt::join(missing, ", ")),
              kCapabilityHint);
}

Result<void> InstancePins::open_tables_for_writing() {
  XVNET_ASSIGN(is_open, open_tables(PinAccess::kReadWrite));
  return is_open ? Result<void>{}
                 : fail(opening_of(root_) + ": a pinned table does not exist any more");
}

Result<void> InstancePins::open_for_change() {
  if (lock_.is_open()) return {};
  XVNET_TRY(check_capabilities());
  XVNET_TRY(mount_bpffs());
  XVNET_ASSIGN(lock, lock_directory(root_.directory()));
  XVNET_TRY(check_other_versions(root_));
  XVNET_TRY(check_tables(root_));
  XVNET_TRY(root_.create());
  XVNET_ASSIGN(completeness, find());
  XVNET_TRY(complete_or_undo(completeness));
  XVNET_TRY(open_tables_for_writing());
  lock_ = std::move(lock);
  return {};
}

Result<bool> InstancePins::open_for_reading() {
  XVNET_ASSIGN(completeness, find());
  XVNET_TRY(check_tables(root_));
  if (completeness == Completeness::kComplete) return open_tables(PinAccess::kReadOnly);
  if (!is_bpffs_mounted()) {
    if (is_mount_namespace_private())
      return fail(fmt::format("{}: no bpffs is mounted on {} in this mount namespace",
                              opening_of(root_), kBpffs),
                  "what is attached is not visible inside `ip netns exec`: use `nsenter --net=`");
    return fail(fmt::format("{}: no bpffs is mounted on {}: what was attached is not visible "
                            "inside `ip netns exec` (use `nsenter --net=`), or gone if it was "
                            "unmounted",
                            opening_of(root_), kBpffs),
                "«restore»");
  }
  XVNET_TRY(check_other_versions(root_));
  return false;
}

// Fills in the existing LinuxTable objects, because callers hold references to them.
Result<void> InstancePins::load_tail_calls() {
  XVNET_TRY(xvnet::load_tail_calls(root_, log_));
  for (const TableShape& shape : kTableShapes) {
    auto& present = tables_[static_cast<std::size_t>(shape.id)];
    if (present->is_there()) continue;
    auto map = open_pin(root_.map(shape.name));
    if (!map)
      return fail_errno(map.error(), fmt::format("{}: table {:?}", opening_of(root_), shape.name));
    XVNET_ASSIGN(table, LinuxTable::open(std::move(*map), shape.id));
    *present = std::move(*table);
  }
  return {};
}

Result<bool> InstancePins::open_tables(PinAccess access) {
  for (const TableShape& shape : kTableShapes) {
    auto& opened = tables_[static_cast<std::size_t>(shape.id)];
    auto map = open_pin(root_.map(shape.name), access);
    if (!map && map.error() == ENOENT && shape.made == Made::kTailCalls) {
      opened = LinuxTable::absent(shape.id);
      continue;
    }
    if (!map && map.error() == ENOENT) return false;
    if (!map)
      return fail_errno(map.error(), fmt::format("{}: table {:?}", opening_of(root_), shape.name));
    XVNET_ASSIGN(table, LinuxTable::open(std::move(*map), shape.id));
    opened = std::move(table);
  }
  return true;
}

RawTable& InstancePins::table(TableId id) {
  if (const auto& substitute = substitutes_[static_cast<std::size_t>(id)]) return *substitute;
  auto& table = tables_[static_cast<std::size_t>(id)];
  assert(table && "no table before open_for_change() or open_for_reading()");
  return *table;
}

// An orphaned link carries no frames, so only records of devices that are gone are lost.
Result<void> InstancePins::remove_dead() {
  XVNET_ASSIGN(own, find_meta(root_));
  if (!own) return {};
  XVNET_TRY(check_capabilities());
  const auto lock = lock_directory(root_.directory());
  if (!lock) return std::unexpected(lock.error());
  XVNET_ASSIGN(map, find_meta(root_));
  if (!map) return {};
  XVNET_ASSIGN(meta, read_meta(std::move(*map)));
  if (!meta.complete || check_namespace(root_, {meta.netns_dev, meta.netns_inode})) return {};
  XVNET_ASSIGN(is_dead, are_all_links_dead(root_));
  return is_dead ? root_.remove() : Result<void>{};
}

Result<void> InstancePins::remove() {
  XVNET_TRY(root_.remove());
  for (auto& table : tables_) table.reset();
  for (auto& substitute : substitutes_) substitute.reset();
  lock_ = FileDescriptor();
  return {};
}

Result<std::vector<std::string>> InstancePins::missing_tables() const {
  return missing_table_pins(root_);
}

Result<std::vector<std::string>> InstancePins::missing_programs() const {
  return xvnet::missing_programs(root_);
}

Result<void> InstancePins::open_remains(Opening opening, bool is_here) {
  const bool is_change = opening == Opening::kForChange;
  FileDescriptor lock;
  if (is_change) {
    XVNET_TRY(check_capabilities());
    XVNET_ASSIGN(locked, lock_directory(root_.directory()));
    lock = std::move(locked);
  }
  XVNET_TRY(check_remains(root_, is_here));
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
      return fail_errno(map.error(), fmt::format("{}: table {:?}", opening_of(root_), shape.name));
    substitutes_[at] = std::make_unique<OverlayTable>(nullptr, shape.key_size, shape.value_size);
  }
  lock_ = std::move(lock);
  return {};
}

Result<void> InstancePins::load_upgrade() {
  XVNET_ASSIGN(previous, find_previous(root_));
  if (previous) return upgrade_.load_after(*previous);
  XVNET_TRY(check_tables(root_));
  XVNET_TRY(root_.create());
  XVNET_ASSIGN(completeness, find());
  XVNET_TRY(complete_or_undo(completeness));
  return upgrade_.load_again();
}

Result<bool> InstancePins::open_for_upgrade() {
  XVNET_TRY(check_capabilities());
  XVNET_ASSIGN(own, find_meta(root_));
  XVNET_ASSIGN(others, root_.other_abis());
  if (!own) XVNET_TRY(check_tables(root_));
  if (!own && others.empty()) return false;
  XVNET_ASSIGN(lock, lock_directory(root_.directory()));
  XVNET_TRY(load_upgrade());
  XVNET_TRY(open_tables_for_writing());
  lock_ = std::move(lock);
  return true;
}

}  // namespace xvnet
