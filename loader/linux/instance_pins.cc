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

Result<InstancePins::Presence> InstancePins::find() const {
  std::string path = root_.map(table_name(TableId::kMeta));
  // bpf(2) refuses a caller without CAP_BPF before it looks for the pin, so ask the file system
  // first.
  if (access(path.c_str(), F_OK) && errno == ENOENT) return Presence::kMissing;
  auto map = open_pin(path, PinAccess::kReadOnly);
  if (!map && map.error() == ENOENT) return Presence::kMissing;
  if (!map) {
    auto failure = fail_errno(map.error(), doing());
    if (failure.error().kind == ErrorKind::kNotPermitted) failure.error().hint = "run as root";
    return failure;
  }
  XVNET_ASSIGN(table, LinuxTable::open(std::move(*map), TableId::kMeta));
  abi::meta meta{};
  XVNET_ASSIGN(found, table->lookup(std::as_bytes(std::span(&kMetaKey, 1)),
                                    std::as_writable_bytes(std::span(&meta, 1))));
  if (!found || !meta.complete) return Presence::kIncomplete;
  XVNET_ASSIGN(own, own_network_namespace());
  if (meta.netns_dev == own.dev && meta.netns_inode == own.inode) return Presence::kComplete;
  return fail(
      doing() + ": it belongs to another network namespace",
      fmt::format("use --instance NAME, one for each network namespace; if that one is gone, "
                  "remove \"{}\"",
                  root_.directory()));
}

Result<void> InstancePins::write_meta() const {
  std::string path = root_.map(table_name(TableId::kMeta));
  auto map = open_pin(path);
  if (!map) return fail_errno(map.error(), fmt::format("open pin \"{}\"", path));
  XVNET_ASSIGN(own, own_network_namespace());
  abi::meta meta{};
  meta.netns_dev = own.dev;
  meta.netns_inode = own.inode;
  meta.next_network = 1;
  meta.complete = 1;
  build_id().copy(meta.build, sizeof meta.build - 1);
  if (bpf_map_update_elem(map->get(), &kMetaKey, &meta, BPF_ANY) == 0) return {};
  return fail_errno(errno, doing());
}

Result<void> InstancePins::complete(Presence presence) {
  if (presence == Presence::kComplete && are_programs_loaded(root_)) return {};
  // Whoever was killed here may have been of another build; nothing of it is attached yet.
  if (presence != Presence::kComplete) XVNET_TRY(forget_programs(root_));
  XVNET_TRY(load_programs(root_, log_));
  return presence == Presence::kComplete ? Result<void>{} : write_meta();
}

Result<void> InstancePins::open_for_change() {
  if (lock_.is_open()) return {};
  XVNET_ASSIGN(missing, missing_capabilities());
  if (!missing.empty()) {
    return fail(ErrorKind::kNotPermitted,
                fmt::format("{}: {} missing", doing(), fmt::join(missing, ", ")), "run as root");
  }
  XVNET_TRY(mount_bpffs());
  XVNET_ASSIGN(lock, lock_directory(root_.directory()));
  XVNET_TRY(root_.create());
  XVNET_ASSIGN(presence, find());
  if (auto done = complete(presence); !done) {
    // Nothing can be attached to a device before the first complete load.
    if (presence == Presence::kComplete) return done;
    if (auto undone = root_.remove(); !undone) {
      done.error().message += "; and then: " + undone.error().message;
    }
    return done;
  }
  XVNET_ASSIGN(is_open, open_tables(PinAccess::kReadWrite));
  if (!is_open) return fail(doing() + ": a pinned table has vanished");
  lock_ = std::move(lock);
  return {};
}

Result<bool> InstancePins::open_for_reading() {
  XVNET_ASSIGN(presence, find());
  if (presence != Presence::kComplete) return false;
  return open_tables(PinAccess::kReadOnly);
}

Result<bool> InstancePins::open_tables(PinAccess access) {
  for (std::size_t at = 0; at < kTableCount; at++) {
    auto id = static_cast<TableId>(at);
    auto map = open_pin(root_.map(table_name(id)), access);
    if (!map && map.error() == ENOENT) return false;
    if (!map)
      return fail_errno(map.error(), fmt::format("{}: table \"{}\"", doing(), table_name(id)));
    XVNET_ASSIGN(table, LinuxTable::open(std::move(*map), id));
    tables_[at] = std::move(table);
  }
  return true;
}

Table& InstancePins::table(TableId id) {
  auto& table = tables_[static_cast<std::size_t>(id)];
  assert(table && "no table before open_for_change() or open_for_reading()");
  return *table;
}

Result<void> InstancePins::remove() {
  XVNET_TRY(root_.remove());
  for (auto& table : tables_) table.reset();
  lock_ = FileDescriptor();
  return {};
}

}  // namespace xvnet
