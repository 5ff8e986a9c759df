// SPDX-License-Identifier: BSD-2-Clause
//
// Formats the cells of text tables. TextTable shows an empty cell as "-".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/show/view.h"

namespace xvnet::cli {

std::string vid_cell(const std::optional<std::uint16_t>& vid);
std::string mac_cell(const std::optional<Mac>& mac);
std::string seconds_cell(std::uint64_t seconds);
// "tap0,tap1"
std::string list_cell(const std::vector<std::string>& names);
// "10.0.0.2:5000"
std::string endpoint_cell(const std::string& ip, std::uint16_t port);
// "203.0.113.5:28672-32767"
std::string snat_cell(const std::vector<SnatView>& ranges);
// "xv-lab 10.5.0.1/24,2001:db8::1/64"
std::string host_cell(const NetworkView& network);

}  // namespace xvnet::cli
