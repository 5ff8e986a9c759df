// SPDX-License-Identifier: BSD-2-Clause
//
// The cells of the text tables; an empty one shows as "-".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/view.h"

namespace xvnet::cli {

std::string vid_cell(const std::optional<std::uint16_t>& vid);
std::string mac_cell(const std::optional<Mac>& mac);
std::string seconds_cell(std::uint64_t seconds);
// "tap0,tap1"
std::string list_cell(const std::vector<std::string>& names);
// "xv-lab 10.5.0.1/24,2001:db8::1/64"
std::string host_cell(const NetworkView& network);

}  // namespace xvnet::cli
