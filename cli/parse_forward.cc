// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse_forward.h"

#include <fmt/format.h>

#include <optional>

#include "cli/parse_number.h"
#include "cli/text.h"

namespace xvnet::cli {

namespace {

constexpr Range kForwardedPort = {1, 65535};

struct Endpoint {
  Ipv4 address;
  std::uint16_t port = 0;  // 0: no port given
  std::uint16_t count = 1;
};

Parsed<ForwardProtocol> parse_protocol(std::string_view word) {
  if (word == "udp") return ForwardProtocol::kUdp;
  if (word == "tcp") return ForwardProtocol::kTcp;
  if (word == "all") return ForwardProtocol::kAll;
  return std::unexpected(fmt::format("protocol {} is not tcp, udp or all", quote(word)));
}

// Parses "80" or "8000-8010".
std::optional<Endpoint> read_ports(Ipv4 address, std::string_view word) {
  const auto dash = word.find('-');
  const auto first = parse_digits(word.substr(0, dash), kForwardedPort);
  const auto last =
      dash == std::string_view::npos ? first : parse_digits(word.substr(dash + 1), kForwardedPort);
  if (!first || !last || *last < *first) return std::nullopt;
  return Endpoint{address, static_cast<std::uint16_t>(*first),
                  static_cast<std::uint16_t>(*last - *first + 1)};
}

Parsed<Endpoint> parse_endpoint(std::string_view word) {
  const auto colon = word.find(':');
  const auto address = parse_ipv4(std::string(word.substr(0, colon)));
  const auto endpoint = !address ? std::nullopt
                        : colon == std::string_view::npos
                            ? std::optional(Endpoint{*address})
                            : read_ports(*address, word.substr(colon + 1));
  if (endpoint) return *endpoint;
  return std::unexpected(fmt::format(
      "{} is not like 203.0.113.5, 203.0.113.5:80 or 203.0.113.5:8000-8010", quote(word)));
}

}  // namespace

Parsed<ForwardRequest> parse_forward_outside(std::string_view protocol, std::string_view outside) {
  const auto kind = parse_protocol(protocol);
  if (!kind) return std::unexpected(kind.error());
  const auto endpoint = parse_endpoint(outside);
  if (!endpoint) return std::unexpected(endpoint.error());
  const bool has_port = endpoint->port != 0;
  const bool is_floating = *kind == ForwardProtocol::kAll;
  if (has_port == is_floating)
    return std::unexpected(
        fmt::format("{} {} port: {}", quote(outside), has_port ? "has a" : "has no",
                    is_floating ? "all of the address is forwarded" : "which one is forwarded?"));
  ForwardRequest request;
  request.protocol = *kind;
  request.outside = endpoint->address;
  request.outside_port = endpoint->port;
  request.count = endpoint->count;
  return request;
}

Parsed<ForwardRequest> parse_forward(std::string_view protocol, std::string_view outside,
                                     std::string_view inside) {
  auto request = parse_forward_outside(protocol, outside);
  if (!request) return request;
  const auto endpoint = parse_endpoint(inside);
  if (!endpoint) return std::unexpected(endpoint.error());
  const bool is_floating = request->protocol == ForwardProtocol::kAll;
  if (is_floating && endpoint->port)
    return std::unexpected(
        fmt::format("{} has a port: all of the address is forwarded", quote(inside)));
  if (endpoint->count != 1 && endpoint->count != request->count)
    return std::unexpected(fmt::format("{} has {} ports, and {} has {}", quote(outside),
                                       request->count, quote(inside), endpoint->count));
  request->inside = endpoint->address;
  request->inside_port = endpoint->port ? endpoint->port : request->outside_port;
  return request;
}

}  // namespace xvnet::cli
