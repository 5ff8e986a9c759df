// SPDX-License-Identifier: BSD-2-Clause
#include "loader/base/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <charconv>

#include "maps/records.h"

namespace xvnet {
namespace {

template <std::size_t N>
std::string format_set(const std::bitset<N>& set) {
  std::string text;
  for (std::size_t first = 0; first < N; ++first) {
    if (!set[first]) continue;
    std::size_t last = first;
    while (last + 1 < N && set[last + 1]) ++last;
    if (!text.empty()) text += ',';
    text += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
    first = last;
  }
  return text;
}

std::optional<std::size_t> parse_port(std::string_view text) {
  std::size_t port = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || at != text.data() + text.size()) return std::nullopt;
  return port < PortSet().size() ? std::optional(port) : std::nullopt;
}

// Parses "8080" or "40960-45055" and adds the ports.
bool add_ports(PortSet& ports, std::string_view text) {
  const auto dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last) return false;
  for (std::size_t port = *first; port <= *last; ++port) ports.set(port);
  return *first <= *last;
}

}  // namespace

std::string format_mac(const Mac& mac) { return fmt::format("{:02x}", fmt::join(mac, ":")); }

std::string format_vids(const VidSet& vids) { return vids.any() ? format_set(vids) : "none"; }

std::string format_ports(const PortSet& ports) { return format_set(ports); }

std::optional<PortSet> parse_ports(std::string_view text) {
  PortSet ports;
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (!add_ports(ports, text.substr(0, comma))) return std::nullopt;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return ports;
}

std::string format_endpoint(std::string_view ip, std::uint16_t port, std::uint16_t count) {
  if (!port) return std::string(ip);
  if (count <= 1) return fmt::format("{}:{}", ip, port);
  return fmt::format("{}:{}-{}", ip, port, port + count - 1);
}

Result<void> check_device_name(std::string_view doing, std::string_view name) {
  const bool has_bad_byte = std::ranges::any_of(name, [](unsigned char c) {
    return c <= ' ' || c == '/' || c == ':' || c == '%' || c == 0x7f || c == 0xa0;
  });
  if (name.empty() || name == "." || name == ".." || has_bad_byte)
    return fail(ErrorKind::kUsage, fmt::format("{} {:?}: not a device name", doing, name));
  if (name.size() >= NAME_SIZE)
    return fail(ErrorKind::kUsage, fmt::format("{} {:?}: the name is longer than {} bytes", doing,
                                               name, NAME_SIZE - 1));
  return {};
}

}  // namespace xvnet
