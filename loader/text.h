// SPDX-License-Identifier: BSD-2-Clause
//
// Between the fixed-size text of maps/records.h and strings, and names for people.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "loader/request.h"

namespace xvnet {

template <std::size_t N>
std::string text_of(const char (&field)[N]) {
  return std::string(field, strnlen(field, N));
}

// Cuts what does not fit; the caller has checked what must.
template <std::size_t N>
void set_text(char (&field)[N], std::string_view text) {
  const auto size = std::min(text.size(), N - 1);
  std::fill(std::copy_n(text.begin(), size, field), field + N, '\0');
}

std::string format_mac(const Mac& mac);          // "02:00:00:00:00:01"
std::string format_vids(const VidSet& vids);     // "10,20-30", or "none"
std::string format_ports(const PortSet& ports);  // "8080,40960-45055"
// Of such a text, with white space behind it; nothing: it is no such text.
std::optional<PortSet> parse_ports(std::string_view text);
const char* format_mode(Mode mode);                     // "auto", "xdp", "tc"
const char* format_protocol(ForwardProtocol protocol);  // "udp", "tcp", "all"
// "203.0.113.5:8000-8010"; of port 0, which is none, the address alone
std::string format_endpoint(std::string_view ip, std::uint16_t port, std::uint16_t count);

// Whether the kernel takes it as the name of a device: 1 to 15 bytes, no '/', ':', '%' or white
// space, not "." or "..".
Result<void> check_device_name(std::string_view doing, std::string_view name);

}  // namespace xvnet
