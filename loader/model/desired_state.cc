// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/desired_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "loader/base/text.h"
#include "loader/model/device.h"
#include "loader/model/forward_request.h"
#include "loader/model/network_request.h"
#include "loader/model/records.h"

namespace xvnet {
UplinkRequest uplink_request(std::string name, const abi::uplink_record& record) {
  UplinkRequest request;
  request.device = std::move(name);
  if (!(record.device.flags & abi::RECORD_ALL_VLANS)) request.vids = vids_of(record);
  request.mode = mode_of(record.device.mode_asked);
  request.share_xdp = record.device.flags & abi::RECORD_SHARED_XDP;
  return request;
}

namespace {

void name_network(PortRequest& request, const abi::network_record& network) {
  if (!(network.flags & abi::RECORD_IMPLICIT)) {
    request.network = text_of(network.name);
  } else if (network.flags & abi::RECORD_UNTAGGED) {
    request.untagged = true;
    request.uplink = text_of(network.uplink);
  } else {
    request.vid = network.vid;
  }
}

}  // namespace

PortRequest port_request(std::string name, const abi::port_record& record,
                         const abi::network_record& network) {
  PortRequest request;
  request.device = std::move(name);
  name_network(request, network);
  Mac mac{};
  std::memcpy(mac.data(), record.mac, sizeof record.mac);
  if (mac != Mac{}) request.mac = mac;
  request.ips = addresses_of(record);
  request.allowed = allowed_of(record);
  request.host_name = text_of(record.host_name);
  request.mode = mode_of(record.device.mode_asked);
  request.guest_offloads = !(record.device.flags & abi::RECORD_OFFLOADS_OFF);
  request.max_macs = record.max_macs;
  request.create = record.device.flags & abi::RECORD_CREATED;
  if (record.device.owner != kNoOwner) request.owner = fmt::format("{}", record.device.owner);
  if (record.device.queues) request.queues = record.device.queues;
  if (record.device.mtu) request.mtu = record.device.mtu;
  return request;
}

namespace {

using Names = std::map<std::string, std::string>;  // recorded name to current name

Result<void> read_uplinks(const Host& host, Tables& tables, DesiredState& state, Names& names) {
  XVNET_ASSIGN(uplinks, tables.uplink_records.entries());
  for (const auto& [ifindex, record] : uplinks) {
    XVNET_ASSIGN(name, present_name(host, ifindex, record.device));
    names[text_of(record.device.name)] = name;
    state.uplinks.push_back(uplink_request(name, record));
  }
  return {};
}

std::string renamed(const Names& names, const std::string& name) {
  const auto found = names.find(name);
  return found == names.end() ? name : found->second;
}

}  // namespace

// Devices get their current names, because a restore identifies devices by name only.
Result<DesiredState> read_desired_state(const Host& host, Tables& tables) {
  DesiredState state;
  Names names;
  XVNET_TRY(read_uplinks(host, tables, state, names));
  XVNET_ASSIGN(networks, tables.network_records.entries());
  for (const auto& [id, record] : networks) {
    if (record.flags & abi::RECORD_IMPLICIT) continue;
    state.networks.push_back(network_request(record));
    state.networks.back().uplink = renamed(names, state.networks.back().uplink);
  }
  XVNET_ASSIGN(ports, tables.port_records.entries());
  for (const auto& [ifindex, record] : ports) {
    XVNET_ASSIGN(network, tables.network_records.find(record.network));
    // The port of a host interface belongs to its network's request. A port without a network is
    // being removed.
    if (!network || record.device.flags & abi::RECORD_HOST_SIDE) continue;
    XVNET_ASSIGN(name, present_name(host, ifindex, record.device));
    state.ports.push_back(port_request(name, record, *network));
    state.ports.back().uplink = renamed(names, state.ports.back().uplink);
  }
  XVNET_ASSIGN(forwards, forward_requests(tables));
  state.forwards = std::move(forwards);
  std::ranges::sort(state.uplinks, {}, &UplinkRequest::device);
  std::ranges::sort(state.networks, {}, &NetworkRequest::name);
  std::ranges::sort(state.forwards, {}, [](const ForwardRequest& request) {
    return std::pair(request.network, forward_text(request));
  });
  std::ranges::sort(state.ports, {}, &PortRequest::device);
  return state;
}

}  // namespace xvnet
