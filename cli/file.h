// SPDX-License-Identifier: BSD-2-Clause
//
// Files whose names the operator gives. A name may be that of a device, a pipe or a link that
// another user has made: what is no file is refused, and nothing is followed or waited for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "loader/result.h"

namespace xvnet::cli {

constexpr std::size_t kMaxFileSize = std::size_t{64} << 20;  // bytes

// All of a regular file or of a pipe that has a writer, as of a shell's <(…).
Result<std::string> read_file(const std::string& path);

// Replaces the file in one step, or makes it, readable by its owner only; and makes its directory
// when there is none. Only a regular file is replaced.
Result<void> replace_file(const std::string& path, std::string_view text);

}  // namespace xvnet::cli
