// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/bpf_object.h"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace xvnet {
namespace {

constexpr std::size_t kMaxMapsOfProgram = 64;  // MAX_USED_MAPS of the kernel

template <typename Info>
std::expected<Info, int> info_of(const FileDescriptor& object) {
  Info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(object.get(), &info, &size)) return std::unexpected(errno);
  return info;
}

}  // namespace

std::expected<FileDescriptor, int> open_pin(const std::string& path, PinAccess access) {
  LIBBPF_OPTS(bpf_obj_get_opts, options);
  if (access == PinAccess::kReadOnly) options.file_flags = BPF_F_RDONLY;
  int fd = bpf_obj_get_opts(path.c_str(), &options);
  if (fd < 0) return std::unexpected(errno);
  return FileDescriptor(fd);
}

Result<void> pin(const FileDescriptor& object, const std::string& path) {
  if (bpf_obj_pin(object.get(), path.c_str()) == 0) return {};
  return fail_errno(errno, fmt::format("pin {:?}", path));
}

Result<void> unpin(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno(errno, fmt::format("remove pin {:?}", path));
}

bool is_pinned(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

std::expected<bpf_prog_info, int> program_info(const FileDescriptor& program) {
  return info_of<bpf_prog_info>(program);
}

std::expected<bpf_link_info, int> link_info(const FileDescriptor& link) {
  return info_of<bpf_link_info>(link);
}

std::expected<bpf_map_info, int> map_info(const FileDescriptor& map) {
  return info_of<bpf_map_info>(map);
}

std::vector<std::uint32_t> maps_of_program(int program_fd) {
  std::vector<std::uint32_t> ids(kMaxMapsOfProgram);
  bpf_prog_info info{};
  std::uint32_t size = sizeof info;
  info.nr_map_ids = static_cast<std::uint32_t>(ids.size());
  info.map_ids = reinterpret_cast<std::uintptr_t>(ids.data());
  if (bpf_obj_get_info_by_fd(program_fd, &info, &size)) return {};
  ids.resize(std::min<std::size_t>(info.nr_map_ids, ids.size()));
  return ids;
}

std::uint32_t pinned_program_id(const std::string& path) {
  auto program = open_pin(path);
  if (!program) return 0;
  auto info = program_info(*program);
  return info ? info->id : 0;
}

std::string describe_program(std::uint32_t id) {
  FileDescriptor program(bpf_prog_get_fd_by_id(id));
  auto info = program.is_open() ? program_info(program) : std::unexpected(ENOENT);
  if (!info || info->name[0] == '\0') return fmt::format("id {}", id);
  return fmt::format("{:?} (id {})", info->name, id);
}

}  // namespace xvnet
