// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/forward_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "loader/base/text.h"
#include "loader/model/records.h"
#include "loader/model/rules.h"

namespace xvnet {
namespace {

constexpr std::uint32_t kLastPort = 65535;

std::unexpected<Error> misuse(const ForwardRequest& request, std::string_view cause) {
  return fail(ErrorKind::kUsage, fmt::format("forward {}: {}", forward_text(request), cause));
}

// Checks the ports of one side.
Result<void> check_ports(const ForwardRequest& request, Ipv4 address, std::uint16_t port,
                         std::string_view field) {
  const bool is_floating = request.protocol == ForwardProtocol::kAll;
  const std::string what =
      fmt::format("‹{}› {}", field, format_endpoint(format_ipv4(address), port, request.count));
  if (is_floating && (port || request.count != 1))
    return misuse(request, fmt::format("{} has a port, but all traffic is forwarded", what));
  if (is_floating) return {};
  if (!port || !request.count) return misuse(request, fmt::format("{} has no port", what));
  if (port + std::uint32_t{request.count} - 1 > kLastPort)
    return misuse(request, fmt::format("{} has a port above {}", what, kLastPort));
  return {};
}

ForwardProtocol protocol_of(std::uint8_t protocol) {
  switch (protocol) {
    case abi::NAT_UDP:
      return ForwardProtocol::kUdp;
    case abi::NAT_TCP:
      return ForwardProtocol::kTcp;
    default:
      return ForwardProtocol::kAll;
  }
}

std::uint8_t number_of(ForwardProtocol protocol) {
  switch (protocol) {
    case ForwardProtocol::kUdp:
      return abi::NAT_UDP;
    case ForwardProtocol::kTcp:
      return abi::NAT_TCP;
    case ForwardProtocol::kAll:
      break;
  }
  return abi::NAT_ANY;
}

}  // namespace

const char* format_protocol(ForwardProtocol protocol) {
  switch (protocol) {
    case ForwardProtocol::kUdp:
      return "udp";
    case ForwardProtocol::kTcp:
      return "tcp";
    case ForwardProtocol::kAll:
      break;
  }
  return "all";
}

Result<void> check_outside(const ForwardRequest& request) {
  if (const std::string why = why_no_hosts(request.outside); !why.empty())
    return misuse(request, fmt::format("‹outside› {} is not a host's address: {}",
                                       format_ipv4(request.outside), why));
  return check_ports(request, request.outside, request.outside_port, "outside");
}

Result<void> check_request(const ForwardRequest& request) {
  XVNET_TRY(check_outside(request));
  return check_ports(request, request.inside, request.inside_port, "inside");
}

Result<void> check_inside(const ForwardRequest& request, const abi::network_record& network) {
  const auto subnet = subnet_of(network);
  const auto own = own_addresses(network);
  const auto refuse = [&](std::string_view cause) {
    return fail(fmt::format("forward {}: {} {}, network {:?}", forward_text(request),
                            format_ipv4(request.inside), cause, text_of(network.name)));
  };
  if (!subnet || !subnet->is_assignable(request.inside))
    return refuse(
        subnet ? fmt::format("is not a host's address in the subnet {}", format_subnet(*subnet))
               : std::string("needs a subnet"));
  if (subnet->contains(request.outside))
    return misuse(request, fmt::format("{} is in the network's own subnet {}",
                                       format_ipv4(request.outside), format_subnet(*subnet)));
  if (std::ranges::find(own, request.inside) != own.end()) return refuse("is the network's own");
  return {};
}

abi::nat_slot_key forward_key(const ForwardRequest& request) {
  return {.address = to_abi(request.outside),
          .port = request.outside_port,
          .protocol = number_of(request.protocol),
          .pad = 0};
}

abi::forward forward_entry(const ForwardRequest& request, std::uint32_t network) {
  return {.network = network,
          .inside = to_abi(request.inside),
          .port = request.inside_port,
          .count = request.count,
          .state = abi::RECORD_INCOMPLETE};
}

ForwardRequest forward_request(const abi::nat_slot_key& key, const abi::forward& forward,
                               std::string network) {
  return {.network = std::move(network),
          .protocol = protocol_of(key.protocol),
          .outside = ipv4_of(key.address).value_or(Ipv4{}),
          .outside_port = key.port,
          .inside = ipv4_of(forward.inside).value_or(Ipv4{}),
          .inside_port = forward.port,
          .count = forward.count};
}

Result<std::vector<ForwardRequest>> forward_requests(Tables& tables) {
  std::vector<ForwardRequest> requests;
  XVNET_ASSIGN(forwards, tables.forwards.entries());
  for (const auto& [key, entry] : forwards) {
    XVNET_ASSIGN(network, tables.network_records.find(entry.network));
    if (network && entry.state == abi::RECORD_COMPLETE)
      requests.push_back(forward_request(key, entry, text_of(network->name)));
  }
  return requests;
}

std::string forward_text(const ForwardRequest& request) {
  return fmt::format(
      "{} {}", format_protocol(request.protocol),
      format_endpoint(format_ipv4(request.outside), request.outside_port, request.count));
}

std::string forward_text(const abi::nat_slot_key& key, const abi::forward& forward) {
  return forward_text(forward_request(key, forward, {}));
}

}  // namespace xvnet
