// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/pin_root.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

namespace xvnet {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kDirectoryMode = 0700;

Result<void> make_directory(const std::string& path) {
  if (mkdir(path.c_str(), kDirectoryMode) == 0 || errno == EEXIST) return {};
  return fail_errno(errno, fmt::format("create directory {:?}", path));
}

Result<void> remove_all_in(const std::string& path, const std::string& doing) {
  std::error_code error;
  fs::directory_iterator entry(path, error);
  std::vector<fs::path> entries;
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    entries.push_back(entry->path());
  }
  if (error && error.value() != ENOENT) return fail_errno(error.value(), doing);
  for (const fs::path& each : entries) {
    if (!fs::remove(each, error) && error) {
      return fail_errno(error.value(), fmt::format("{}: {:?}", doing, each.native()));
    }
  }
  if (!fs::remove(path, error) && error) return fail_errno(error.value(), doing);
  return {};
}

}  // namespace

bool is_instance_name(std::string_view name) {
  constexpr std::string_view kCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !name.empty() && name.size() <= kMaxInstanceName &&
         name.find_first_not_of(kCharacters) == std::string_view::npos;
}

PinRoot::PinRoot(std::string_view instance, std::uint32_t abi)
    : instance_(instance),
      abi_(abi),
      directory_(fmt::format("{}/{}", kBpffs, instance)),
      version_(fmt::format("{}/v{}", directory_, abi)) {}

std::string PinRoot::link(std::uint32_t ifindex, Hook hook, std::string_view variant) const {
  return fmt::format("{}/links/{}-{}{}{}", version_, ifindex, hook_name(hook),
                     variant.empty() ? "" : "-", variant);
}

std::string PinRoot::qdisc(std::uint32_t ifindex) const {
  return fmt::format("{}/links/{}-clsact", version_, ifindex);
}

std::string PinRoot::links() const { return version_ + "/links"; }

std::string PinRoot::programs() const { return version_ + "/progs"; }

Result<std::vector<std::uint32_t>> PinRoot::abis() const {
  std::vector<std::uint32_t> abis;
  std::error_code error;
  fs::directory_iterator entry(directory_, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    std::uint32_t abi = 0;
    const auto [end, is_bad] = std::from_chars(name.data() + 1, name.data() + name.size(), abi);
    if (name[0] == 'v' && is_bad == std::errc() && *end == '\0') abis.push_back(abi);
  }
  if (error && error.value() != ENOENT)
    return fail_errno(error.value(), fmt::format("list {:?}", directory_));
  std::ranges::sort(abis);
  return abis;
}

Result<std::vector<std::uint32_t>> PinRoot::other_abis() const {
  XVNET_ASSIGN(found, abis());
  std::erase(found, abi_);
  return found;
}

Result<void> PinRoot::create() const {
  for (const char* part : {"", "/maps", "/progs", "/links"}) {
    XVNET_TRY(make_directory(version_ + part));
  }
  return {};
}

Result<void> PinRoot::remove() const {
  std::string doing = fmt::format("remove the pins of instance {:?}", instance_);
  // Remove the maps last: until then a reader, or the next command after a crash, sees what exists.
  for (const char* part : {"/links", "/progs", "/maps", ""}) {
    XVNET_TRY(remove_all_in(version_ + part, doing));
  }
  if (rmdir(directory_.c_str()) == 0 || errno == ENOENT || errno == ENOTEMPTY) return {};
  // A caller who owns the directory but not its bpffs was given the directory, and keeps it.
  if (errno == EACCES || errno == EPERM) return {};
  return fail_errno(errno, doing);
}

Result<std::vector<PinRoot>> all_roots() {
  std::vector<PinRoot> roots;
  std::error_code error;
  fs::directory_iterator entry(kBpffs, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (!entry->is_directory()) continue;
    const std::string instance = entry->path().filename();
    XVNET_ASSIGN(abis, PinRoot(instance).abis());
    for (const std::uint32_t abi : abis) roots.emplace_back(instance, abi);
  }
  if (error) return fail_errno(error.value(), fmt::format("list {:?}", kBpffs));
  return roots;
}

bool is_bpffs_mounted() {
  struct statfs status;
  return statfs(std::string(kBpffs).c_str(), &status) == 0 &&
         status.f_type == static_cast<decltype(status.f_type)>(BPF_FS_MAGIC);
}

bool is_mount_namespace_private() {
  struct stat own;
  struct stat init;
  if (stat("/proc/thread-self/ns/mnt", &own) || stat("/proc/1/ns/mnt", &init)) return false;
  return own.st_dev != init.st_dev || own.st_ino != init.st_ino;
}

Result<void> mount_bpffs() {
  if (is_bpffs_mounted()) return {};
  std::string doing = fmt::format("mount bpffs on {:?}", kBpffs);
  if (is_mount_namespace_private()) {
    return fail(
        doing +
            ": the mount would disappear with this mount namespace, and all attachments with it",
        "inside a network namespace use `nsenter --net=`, not `ip netns exec`, "
        "or mount bpffs yourself");
  }
  if (mount("bpf", std::string(kBpffs).c_str(), "bpf", 0, "mode=0700") == 0) return {};
  int error = errno;
  auto failure = fail_errno(error, doing);
  if (error == EPERM || error == EACCES) {
    failure.error().hint = "run as root, or mount it before: mount -t bpf bpf /sys/fs/bpf";
  }
  return failure;
}

}  // namespace xvnet
