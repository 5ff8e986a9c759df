// SPDX-License-Identifier: BSD-2-Clause
//
// Files that the operator names. Another user may have put a device, a pipe or a symbolic link in
// their place. So only files and pipes are read, and a pipe only with a timeout. Only regular files
// are replaced, never the target of a link.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "loader/base/result.h"

namespace xvnet::cli {

constexpr std::size_t kMaxFileSize = std::size_t{64} << 20;  // bytes

// Reads a regular file, or a pipe that has a writer, such as the shell's <(…).
Result<std::string> read_file(const std::string& path);

// Replaces a regular file atomically, or creates it, with mode 0600. Creates missing directories.
// Refuses to replace anything but a regular file.
Result<void> replace_file(const std::string& path, std::string_view text);

}  // namespace xvnet::cli
