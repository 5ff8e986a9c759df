// SPDX-License-Identifier: BSD-2-Clause
#include "cli/cells.h"

#include <fmt/ranges.h>

#include "loader/base/text.h"

namespace xvnet::cli {

std::string vid_cell(const std::optional<std::uint16_t>& vid) {
  return vid ? std::to_string(*vid) : std::string();
}

std::string mac_cell(const std::optional<Mac>& mac) {
  return mac ? format_mac(*mac) : std::string();
}

std::string seconds_cell(std::uint64_t seconds) { return fmt::format("{}s", seconds); }

std::string list_cell(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ","));
}

std::string endpoint_cell(const std::string& ip, std::uint16_t port) {
  return fmt::format("{}:{}", ip, port);
}

std::string snat_cell(const std::vector<SnatView>& ranges) {
  std::vector<std::string> cells;
  cells.reserve(ranges.size());
  for (const auto& range : ranges)
    cells.push_back(fmt::format("{}:{}-{}", range.address, range.first_port, range.last_port));
  return list_cell(cells);
}

std::string host_cell(const NetworkView& network) {
  if (network.host_addresses.empty()) return network.host_interface;
  return network.host_interface + ' ' + list_cell(network.host_addresses);
}

}  // namespace xvnet::cli
