// SPDX-License-Identifier: BSD-2-Clause
#include "loader/linux/sockets.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

namespace xvnet {
namespace {

struct Socket {
  std::string address;  // hexadecimal digits, in words of the machine's byte order
  std::uint16_t port = 0;
  unsigned state = 0;
};

std::optional<unsigned> parse_hexadecimal(std::string_view text) {
  constexpr int kBase = 16;
  unsigned number = 0;
  const char* const end = std::to_address(text.end());
  const auto parsed = std::from_chars(std::to_address(text.begin()), end, number, kBase);
  return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(number) : std::nullopt;
}

// Parses a line such as "   0: 0100007F:1538 00000000:0000 0A …".
std::optional<Socket> parse_socket(const std::string& line) {
  std::istringstream words(line);
  std::string number;
  std::string local;
  std::string remote;
  std::string state;
  words >> number >> local >> remote >> state;
  const auto colon = local.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto port = parse_hexadecimal(std::string_view(local).substr(colon + 1));
  const auto code = parse_hexadecimal(state);
  if (!port || !code) return std::nullopt;
  return Socket{local.substr(0, colon), static_cast<std::uint16_t>(*port), *code};
}

// An IPv6 socket bound to any address, or to an IPv4-mapped one, may also receive IPv4.
bool is_bound_to(const Socket& socket, const std::string& address) {
  return socket.address.ends_with(address) ||
         socket.address.find_first_not_of('0') == std::string::npos;
}

Result<void> add_ports(PortSet& ports, const std::string& path, const std::string& address) {
  errno = 0;
  std::ifstream file(path);
  if (!file && errno == ENOENT) return {};  // a kernel without IPv6
  if (!file) return fail_errno(errno, fmt::format("read {:?}", path));
  for (std::string line; std::getline(file, line);) {
    const auto socket = parse_socket(line);
    if (socket && socket->state != TCP_TIME_WAIT && is_bound_to(*socket, address))
      ports.set(socket->port);
  }
  return {};
}

std::string_view table_of(Transport transport) {
  switch (transport) {
    case Transport::kTcp:
      return "tcp";
    case Transport::kUdp:
      return "udp";
    case Transport::kIcmp:
      return "icmp";
  }
  return "";
}

}  // namespace

Result<PortSet> socket_ports(Transport transport, Ipv4 address) {
  const auto digits = fmt::format("{:08X}", htonl(address.number));
  PortSet ports;
  const std::string table = fmt::format("/proc/thread-self/net/{}", table_of(transport));
  XVNET_TRY(add_ports(ports, table, digits));
  // IPv6 sockets may also receive IPv4, except those for ICMPv6.
  if (transport != Transport::kIcmp) XVNET_TRY(add_ports(ports, table + "6", digits));
  return ports;
}

}  // namespace xvnet
