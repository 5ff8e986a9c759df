// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/instance_meta.h"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "loader/linux/bpf_object.h"
#include "loader/linux/capabilities.h"
#include "loader/linux/table.h"

namespace xvnet {
namespace {

constexpr std::uint32_t kMetaKey = 0;

}  // namespace

Result<NetworkNamespace> own_network_namespace() {
  struct stat status;
  if (stat("/proc/thread-self/ns/net", &status)) {
    return fail_errno(errno, "examine the network namespace");
  }
  return NetworkNamespace{status.st_dev, status.st_ino};
}

std::string opening_of(const PinRoot& root) {
  return fmt::format("open instance {:?}", root.instance());
}

// bpf(2) refuses a caller without CAP_BPF before it looks for the pin, so ask the file system
// first.
Result<std::optional<FileDescriptor>> find_meta(const PinRoot& root) {
  std::string path = root.map(table_name(TableId::kMeta));
  const int hidden = access(path.c_str(), F_OK) ? errno : 0;
  if (hidden == ENOENT) return std::nullopt;
  auto map = open_pin(path, PinAccess::kReadOnly);
  if (map) return std::move(*map);
  if (map.error() == ENOENT) return std::nullopt;
  auto failure = fail_errno(map.error(), fmt::format("{}: pin {:?}", opening_of(root), path));
  if (failure.error().kind == ErrorKind::kNotPermitted)
    failure.error().hint = hidden ? kOwnerHint : kCapabilityHint;
  return failure;
}

Result<void> check_namespace(const PinRoot& root, const NetworkNamespace& its) {
  XVNET_ASSIGN(own, own_network_namespace());
  if (its.dev == own.dev && its.inode == own.inode) return {};
  return fail(
      opening_of(root) + ": it belongs to another network namespace",
      fmt::format("go there with `nsenter --net=`, or use ‹instance› NAME, one for each network "
                  "namespace; only if that namespace is gone, run `«down»`, and if that is refused "
                  "too, remove {:?}",
                  root.directory()));
}

Result<abi::meta> read_meta(FileDescriptor map) {
  XVNET_ASSIGN(table, LinuxTable::open(std::move(map), TableId::kMeta));
  abi::meta meta{};
  XVNET_ASSIGN(found, table->lookup(std::as_bytes(std::span(&kMetaKey, 1)),
                                    std::as_writable_bytes(std::span(&meta, 1))));
  return found ? meta : abi::meta{};
}

Result<void> write_meta(const PinRoot& root, const abi::meta& meta) {
  std::string path = root.map(table_name(TableId::kMeta));
  auto map = open_pin(path);
  if (!map) return fail_errno(map.error(), fmt::format("open pin {:?}", path));
  if (bpf_map_update_elem(map->get(), &kMetaKey, &meta, BPF_ANY) == 0) return {};
  return fail_errno(errno, opening_of(root));
}

Result<void> check_other_versions(const PinRoot& root) {
  XVNET_ASSIGN(others, root.other_abis());
  if (others.empty()) return {};
  if (others.back() > root.abi()) {
    return fail(fmt::format("{}: it was created by a newer xvnet (ABI {}, this one has {})",
                            opening_of(root), others.back(), root.abi()),
                "use that one, or run its `«down»` first");
  }
  return fail(fmt::format("{}: it was created by an older xvnet (ABI {}, this one has {})",
                          opening_of(root), others.back(), root.abi()),
              "«upgrade»");
}

}  // namespace xvnet
