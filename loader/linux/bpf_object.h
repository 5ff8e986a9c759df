// SPDX-License-Identifier: BSD-2-Clause
//
// Pinned BPF objects and what the kernel says of them.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "loader/linux/file_descriptor.h"
#include "loader/result.h"

namespace xvnet {

enum class PinAccess { kReadWrite, kReadOnly };

// The error is an errno; ENOENT when there is no such pin.
std::expected<FileDescriptor, int> open_pin(const std::string& path,
                                            PinAccess access = PinAccess::kReadWrite);

Result<void> pin(const FileDescriptor& object, const std::string& path);
// No error when there is none.
Result<void> unpin(const std::string& path);
bool is_pinned(const std::string& path);

// The kernel's description of an open program, link or map; the error is an errno.
std::expected<bpf_prog_info, int> program_info(const FileDescriptor& program);
std::expected<bpf_link_info, int> link_info(const FileDescriptor& link);
std::expected<bpf_map_info, int> map_info(const FileDescriptor& map);

// Flags as they were asked for: the kernel adds one to every device map (kernel/bpf/devmap.c).
constexpr std::uint32_t comparable_flags(std::uint32_t map_flags) {
  return map_flags & ~std::uint32_t{BPF_F_RDONLY_PROG};
}

// The ids of the maps it refers to; none when it cannot be examined.
std::vector<std::uint32_t> maps_of_program(int program_fd);

// The id of a pinned program; 0 when there is no such pin.
std::uint32_t pinned_program_id(const std::string& path);

// `"name" (id 17)`
std::string describe_program(std::uint32_t id);

}  // namespace xvnet
