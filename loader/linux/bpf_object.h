// SPDX-License-Identifier: BSD-2-Clause
//
// Pinned BPF objects, and the kernel's information about them.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "loader/base/result.h"
#include "loader/linux/file_descriptor.h"

namespace xvnet {

enum class PinAccess { kReadWrite, kReadOnly };

// Errors are errno values; ENOENT means that there is no such pin.
std::expected<FileDescriptor, int> open_pin(const std::string& path,
                                            PinAccess access = PinAccess::kReadWrite);

Result<void> pin(const FileDescriptor& object, const std::string& path);
// Succeeds if there is no such pin.
Result<void> unpin(const std::string& path);
bool is_pinned(const std::string& path);

// The kernel's information about an open program, link or map. Errors are errno values.
std::expected<bpf_prog_info, int> program_info(const FileDescriptor& program);
std::expected<bpf_link_info, int> link_info(const FileDescriptor& link);
std::expected<bpf_map_info, int> map_info(const FileDescriptor& map);

// Returns the requested flags: the kernel adds one to every device map (kernel/bpf/devmap.c).
constexpr std::uint32_t comparable_flags(std::uint32_t map_flags) {
  return map_flags & ~std::uint32_t{BPF_F_RDONLY_PROG};
}

// Returns the ids of the maps that the program uses; empty if it cannot be examined.
std::vector<std::uint32_t> maps_of_program(int program_fd);

// Returns the id of a pinned program, or 0 if there is no such pin.
std::uint32_t pinned_program_id(const std::string& path);

// `"name" (id 17)`
std::string describe_program(std::uint32_t id);

}  // namespace xvnet
