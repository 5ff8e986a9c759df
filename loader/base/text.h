// SPDX-License-Identifier: BSD-2-Clause
//
// Converts the fixed-size text of maps/records.h, and formats values for people.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "loader/base/host.h"

namespace xvnet {

template <std::size_t N>
std::string text_of(const char (&field)[N]) {
  return std::string(field, strnlen(field, N));
}

// Truncates text that does not fit. Where that matters, the caller checks the length first.
template <std::size_t N>
void set_text(char (&field)[N], std::string_view text) {
  const auto size = std::min(text.size(), N - 1);
  std::fill(std::copy_n(text.begin(), size, field), field + N, '\0');
}

std::string format_mac(const Mac& mac);          // "02:00:00:00:00:01"
std::string format_vids(const VidSet& vids);     // "10,20-30", or "none"
std::string format_ports(const PortSet& ports);  // "8080,40960-45055"
// Parses the output of format_ports(), with optional trailing white space. Returns nothing on a
// syntax error.
std::optional<PortSet> parse_ports(std::string_view text);
// Formats "203.0.113.5:8000-8010". If `port` is 0, formats only the address.
std::string format_endpoint(std::string_view ip, std::uint16_t port, std::uint16_t count);

// Checks that the kernel accepts `name` as a device name: 1 to 15 bytes, no '/', ':', '%' or white
// space, not "." or "..". Errors are kUsage.
Result<void> check_device_name(std::string_view doing, std::string_view name);

}  // namespace xvnet
