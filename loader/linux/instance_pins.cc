// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/instance_pins.h"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>

#include "loader/linux/bpf_object.h"
#include "loader/linux/capabilities.h"
#include "loader/linux/lock.h"
#include "loader/linux/pinned_link.h"

namespace xvnet {
namespace {

constexpr std::uint32_t kMetaKey = 0;

struct NetworkNamespace {
  std::uint64_t dev = 0;
  std::uint64_t inode = 0;
};

Result<NetworkNamespace> own_network_namespace() {
  struct stat status;
  if (stat("/proc/thread-self/ns/net", &status)) {
    return fail_errno(errno, "examine the network namespace");
  }
  return NetworkNamespace{status.st_dev, status.st_ino};
}

}  // namespace

std::string InstancePins::doing() const {
  return fmt::format("open instance \"{}\"", root_.instance());
}

// bpf(2) refuses a caller without CAP_BPF before it looks for the pin, so ask the file system
// first.
Result<std::optional<FileDescriptor>> InstancePins::find_meta(const PinRoot& root) const {
  std::string path = root.map(table_name(TableId::kMeta));
  const int hidden = access(path.c_str(), F_OK) ? errno : 0;
  if (hidden == ENOENT) return std::nullopt;
  auto map = open_pin(path, PinAccess::kReadOnly);
  if (map) return std::move(*map);
  if (map.error() == ENOENT) return std::nullopt;
  auto failure = fail_errno(map.error(), fmt::format("{}: pin \"{}\"", doing(), path));
  if (failure.error().kind == ErrorKind::kNotPermitted)
    failure.error().hint = hidden ? kOwnerHint : kCapabilityHint;
  return failure;
}

Result<void> InstancePins::check_namespace(std::uint64_t dev, std::uint64_t inode) const {
  XVNET_ASSIGN(own, own_network_namespace());
  if (dev == own.dev && inode == own.inode) return {};
  return fail(
      doing() + ": it belongs to another network namespace",
      fmt::format("go there with `nsenter --net=`, or use --instance NAME, one for each network "
                  "namespace; only if that one is gone, run `xvnet down`, and if that is refused "
                  "too, remove \"{}\"",
                  root_.directory()));
}

Result<abi::meta> InstancePins::read_meta(FileDescriptor map) const {
  XVNET_ASSIGN(table, LinuxTable::open(std::move(map), TableId::kMeta));
  abi::meta meta{};
  XVNET_ASSIGN(found, table->lookup(std::as_bytes(std::span(&kMetaKey, 1)),
                                    std::as_writable_bytes(std::span(&meta, 1))));
  return found ? meta : abi::meta{};
}

Result<InstancePins::Presence> InstancePins::find() const {
  XVNET_ASSIGN(map, find_meta(root_));
  if (!map) return Presence::kMissing;
  XVNET_ASSIGN(meta, read_meta(std::move(*map)));
  if (!meta.complete) return Presence::kIncomplete;
  XVNET_TRY(check_namespace(meta.netns_dev, meta.netns_inode));
  return Presence::kComplete;
}

Result<void> InstancePins::write_meta(const abi::meta& meta) const {
  std::string path = root_.map(table_name(TableId::kMeta));
  auto map = open_pin(path);
  if (!map) return fail_errno(map.error(), fmt::format("open pin \"{}\"", path));
  if (bpf_map_update_elem(map->get(), &kMetaKey, &meta, BPF_ANY) == 0) return {};
  return fail_errno(errno, doing());
}

Result<void> InstancePins::complete(Presence presence) {
  if (presence == Presence::kComplete && are_programs_loaded(root_)) return {};
  // The interrupted command may have been of another build. Its programs are not attached to any
  // device yet.
  if (presence != Presence::kComplete) XVNET_TRY(forget_programs(root_));
  XVNET_TRY(load_programs(root_, log_));
  if (presence == Presence::kComplete) return {};
  XVNET_ASSIGN(own, own_network_namespace());
  abi::meta meta{};
  meta.netns_dev = own.dev;
  meta.netns_inode = own.inode;
  meta.next_network = 1;
  meta.complete = 1;
  meta.settled = 1;
  build_id().copy(meta.build, sizeof meta.build - 1);
  return write_meta(meta);
}

Result<void> InstancePins::complete_or_undo(Presence presence) {
  auto done = complete(presence);
  // Nothing can be attached to a device before the first complete load.
  if (done || presence == Presence::kComplete) return done;
  if (auto undone = root_.remove(); !undone) {
    done.error().message += "; and then: " + undone.error().message;
  }
  return done;
}

Result<void> InstancePins::check_other_versions() const {
  XVNET_ASSIGN(others, root_.other_abis());
  if (others.empty()) return {};
  if (others.back() > root_.abi()) {
    return fail(fmt::format("{}: it is of a newer xvnet (ABI {}, this one has {})", doing(),
                            others.back(), root_.abi()),
                "use that one, or run its `xvnet down` first");
  }
  return fail(fmt::format("{}: it is of an older xvnet (ABI {}, this one has {})", doing(),
                          others.back(), root_.abi()),
              "xvnet upgrade");
}

Result<void> InstancePins::check_capabilities() const {
  XVNET_ASSIGN(missing, missing_capabilities());
  if (missing.empty()) return {};
  return fail(ErrorKind::kNotPermitted,
              fmt::format("{}: {} missing", doing(), fmt::join(missing, ", ")), kCapabilityHint);
}

Result<void> InstancePins::open_tables_for_writing() {
  XVNET_ASSIGN(is_open, open_tables(PinAccess::kReadWrite));
  return is_open ? Result<void>{} : fail(doing() + ": a pinned table has vanished");
}

Result<void> InstancePins::open_for_change() {
  if (lock_.is_open()) return {};
  XVNET_TRY(check_capabilities());
  XVNET_TRY(mount_bpffs());
  XVNET_ASSIGN(lock, lock_directory(root_.directory()));
  XVNET_TRY(check_other_versions());
  XVNET_TRY(check_tables());
  XVNET_TRY(root_.create());
  XVNET_ASSIGN(presence, find());
  XVNET_TRY(complete_or_undo(presence));
  XVNET_TRY(open_tables_for_writing());
  lock_ = std::move(lock);
  return {};
}

Result<bool> InstancePins::open_for_reading() {
  XVNET_ASSIGN(presence, find());
  XVNET_TRY(check_tables());
  if (presence == Presence::kComplete) return open_tables(PinAccess::kReadOnly);
  if (!is_bpffs_mounted()) {
    if (is_mount_namespace_private())
      return fail(
          fmt::format("{}: no bpffs is mounted on {} in this mount namespace", doing(), kBpffs),
          "what is attached is out of sight inside `ip netns exec`: use `nsenter --net=`");
    return fail(fmt::format("{}: no bpffs is mounted on {}: what was attached is out of sight "
                            "inside `ip netns exec` (use `nsenter --net=`), or gone if it was "
                            "unmounted",
                            doing(), kBpffs),
                "xvnet restore");
  }
  XVNET_TRY(check_other_versions());
  return false;
}

// Fills in the existing LinuxTable objects, because callers hold references to them.
Result<void> InstancePins::load_tail_calls() {
  XVNET_TRY(xvnet::load_tail_calls(root_, log_));
  for (const TableShape& shape : kTableShapes) {
    auto& present = tables_[static_cast<std::size_t>(shape.id)];
    if (present->is_there()) continue;
    auto map = open_pin(root_.map(shape.name));
    if (!map) return fail_errno(map.error(), fmt::format("{}: table \"{}\"", doing(), shape.name));
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
    if (!map) return fail_errno(map.error(), fmt::format("{}: table \"{}\"", doing(), shape.name));
    XVNET_ASSIGN(table, LinuxTable::open(std::move(*map), shape.id));
    opened = std::move(table);
  }
  return true;
}

Table& InstancePins::table(TableId id) {
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
  if (!meta.complete || check_namespace(meta.netns_dev, meta.netns_inode)) return {};
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

}  // namespace xvnet
