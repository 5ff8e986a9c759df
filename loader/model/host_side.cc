// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/host_side.h"

#include <fmt/format.h>

#include "loader/base/text.h"

namespace xvnet {
namespace {

std::unexpected<Error> is_end_of(std::string_view doing, const std::string& device,
                                 std::string_view whose) {
  return fail(fmt::format("{} {:?}: it is the host interface of {}", doing, device, whose),
              "it belongs to the network, and cannot be used for anything else");
}

// Identifies the port by its record, whatever its name.
Result<void> check_is_no_host_port(Change& change, std::string_view doing,
                                   const std::string& device, std::uint32_t port) {
  XVNET_ASSIGN(record, change.tables().port_records.find(port));
  if (!record || !(record->device.flags & abi::RECORD_HOST_SIDE)) return {};
  XVNET_ASSIGN(network, change.tables().network_records.find(record->network));
  return is_end_of(doing, device,
                   fmt::format("network {:?}", network ? text_of(network->name) : std::string()));
}

// Identifies a pair of another instance by the names of both ends and the program on its port.
Result<void> check_is_no_others(Change& change, std::string_view doing, const Link& link) {
  XVNET_ASSIGN(port, change.host().find_link(link.peer));
  if (!port || !link.name.starts_with(kHostPrefix) || !port->name.starts_with(kPortPrefix))
    return {};
  XVNET_ASSIGN(other, change.host().other_instance(port->ifindex));
  if (other.empty()) return {};
  return is_end_of(doing, link.name, fmt::format("a network of instance {:?}", other));
}

}  // namespace

std::string host_interface_name(std::string_view network) {
  return std::string(kHostPrefix) + std::string(network);
}

std::string host_port_name(std::string_view network) {
  return std::string(kPortPrefix) + std::string(network);
}

std::string host_end_name(std::string_view port) {
  return host_interface_name(port.substr(kPortPrefix.size()));
}

Result<std::vector<PortEntry>> host_ports(Tables& tables, std::uint32_t network) {
  XVNET_ASSIGN(records, tables.port_records.entries());
  std::vector<PortEntry> ports;
  for (const auto& [ifindex, record] : records)
    if (record.network == network && record.device.flags & abi::RECORD_HOST_SIDE)
      ports.push_back({ifindex, record});
  return ports;
}

Result<void> check_is_no_host_interface(Change& change, std::string_view doing,
                                        const std::string& device) {
  XVNET_ASSIGN(networks, change.tables().network_records.entries());
  for (const auto& [id, network] : networks) {
    const std::string name = text_of(network.name);
    if (network.address_count &&
        (device == host_interface_name(name) || device == host_port_name(name)))
      return is_end_of(doing, device, fmt::format("network {:?}", name));
  }
  XVNET_ASSIGN(link, change.host().find_link(device));
  if (!link) return {};
  for (const std::uint32_t end : {link->ifindex, link->peer})
    XVNET_TRY(check_is_no_host_port(change, doing, link->name, end));
  return check_is_no_others(change, doing, *link);
}

}  // namespace xvnet
