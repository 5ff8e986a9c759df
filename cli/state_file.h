// SPDX-License-Identifier: BSD-2-Clause
//
// The file that `xvnet save` writes and `xvnet restore` reads: JSON, with the words of the command
// line for keys (xvnet-restore(8)).
#pragma once

#include <cstdint>
#include <string>

#include "loader/request.h"
#include "loader/result.h"

namespace xvnet::cli {

constexpr std::uint32_t kStateFormat = 1;

std::string format_state(const DesiredState& state);

// Refuses anything that is not such a file, down to a key that is not known or given twice.
Result<DesiredState> parse_state(const std::string& text);

// Where the state of an instance is kept: /etc/xvnet/INSTANCE.json.
std::string state_path(const std::string& instance);

// Whether it has a port or an uplink of that name.
bool names(const DesiredState& state, std::string_view device);

Result<DesiredState> read_state_file(const std::string& path);
// Replaces the file in one step, and makes its directory when there is none.
Result<void> write_state_file(const std::string& path, const DesiredState& state);

}  // namespace xvnet::cli
