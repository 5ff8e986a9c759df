// SPDX-License-Identifier: BSD-2-Clause
//
// The file that `xvnet save` writes and `xvnet restore` reads. It is JSON, with the words of the
// command line as keys (xvnet-restore(8)).
#pragma once

#include <cstdint>
#include <string>

#include "loader/base/result.h"
#include "loader/model/request.h"

namespace xvnet::cli {

constexpr std::uint32_t kStateFormat = 1;

std::string format_state(const DesiredState& state);

// Refuses everything else, including unknown and duplicate keys.
Result<DesiredState> parse_state(const std::string& text);

// The default file of an instance: /etc/xvnet/INSTANCE.json.
std::string state_path(const std::string& instance);

// Whether the state has a port or an uplink with that name.
bool names(const DesiredState& state, std::string_view device);

Result<DesiredState> read_state_file(const std::string& path);
// Replaces the file atomically. Creates its directory if it is missing.
Result<void> write_state_file(const std::string& path, const DesiredState& state);

}  // namespace xvnet::cli
