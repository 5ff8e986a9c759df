// SPDX-License-Identifier: BSD-2-Clause
#include "cli/state_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/file.h"
#include "cli/text.h"
#include "loader/base/text.h"
#include "loader/model/forward_request.h"

namespace xvnet::cli {

namespace {

using Json = nlohmann::ordered_json;

Json entry_of(const UplinkRequest& request) {
  Json json = {{"dev", request.device}};
  if (request.vids) json["vlans"] = format_vids(*request.vids);
  if (request.mode != Mode::kAuto) json["mode"] = format_mode(request.mode);
  if (request.share_xdp) json["shared_xdp"] = true;
  return json;
}

Json entry_of(const NetworkRequest& request) {
  Json json = {{"name", request.name}};
  if (request.vid) json["vlan"] = *request.vid;
  if (request.untagged) json["untagged"] = true;
  if (!request.uplink.empty()) json["uplink"] = request.uplink;
  if (!request.host_addresses.empty()) json["host_addresses"] = request.host_addresses;
  if (request.ageing_s) json["ageing"] = *request.ageing_s;
  if (request.subnet) json["subnet"] = format_subnet(*request.subnet);
  if (request.gateway) json["gateway"] = format_ipv4(*request.gateway);
  if (request.router) json["router"] = *request.router;
  if (request.dhcp.value_or(false)) json["dhcp"] = true;
  for (const Ipv4 server : request.dns) json["dns"].push_back(format_ipv4(server));
  if (request.domain) json["domain"] = *request.domain;
  if (request.boot_server) json["boot_server"] = format_ipv4(*request.boot_server);
  if (request.boot_file) json["boot_file"] = *request.boot_file;
  if (request.snat && request.snat->source == SnatSource::kAuto) json["snat"] = {"auto"};
  if (request.snat)
    for (const Ipv4 address : request.snat->addresses) json["snat"].push_back(format_ipv4(address));
  if (request.snat_ports) json["snat_ports"] = *request.snat_ports;
  if (request.snat_filter == SnatFilter::kEndpoint) json["snat_filter"] = "endpoint";
  if (request.snat_exceptions)
    for (const Subnet& prefix : *request.snat_exceptions)
      json["snat_exceptions"].push_back(format_subnet(prefix));
  return json;
}

Json entry_of(const ForwardRequest& request) {
  const auto endpoint = [&](Ipv4 address, std::uint16_t port) {
    return format_endpoint(format_ipv4(address), port, request.count);
  };
  return {{"network", request.network},
          {"protocol", format_protocol(request.protocol)},
          {"outside", endpoint(request.outside, request.outside_port)},
          {"inside", endpoint(request.inside, request.inside_port)}};
}

Json entry_of(const PortRequest& request) {
  Json json = {{"dev", request.device}};
  if (request.vid) json["vlan"] = *request.vid;
  if (request.untagged) json["untagged"] = true;
  if (!request.uplink.empty()) json["uplink"] = request.uplink;
  if (!request.network.empty()) json["network"] = request.network;
  if (request.mac) json["mac"] = format_mac(*request.mac);
  for (const Ipv4 address : request.ips) json["ip"].push_back(format_ipv4(address));
  for (const Ipv4 address : request.allowed) json["allow"].push_back(format_ipv4(address));
  if (!request.host_name.empty()) json["hostname"] = request.host_name;
  if (request.mode != Mode::kAuto) json["mode"] = format_mode(request.mode);
  if (!request.guest_offloads) json["guest_offloads"] = "off";
  if (request.max_macs) json["max_macs"] = *request.max_macs;
  if (request.create) json["create"] = true;
  if (!request.owner.empty()) json["owner"] = request.owner;
  if (request.queues) json["queues"] = *request.queues;
  if (request.mtu) json["mtu"] = *request.mtu;
  return json;
}

template <typename Request>
Json entries_of(const std::vector<Request>& requests) {
  Json array = Json::array();
  for (const Request& request : requests) array.push_back(entry_of(request));
  return array;
}

}  // namespace

std::string format_state(const DesiredState& state) {
  const Json json = {{"format", kStateFormat},
                     {"uplinks", entries_of(state.uplinks)},
                     {"networks", entries_of(state.networks)},
                     {"forwards", entries_of(state.forwards)},
                     {"ports", entries_of(state.ports)}};
  return json.dump(1, ' ', true, Json::error_handler_t::replace) + '\n';
}

std::string state_path(const std::string& instance) {
  return fmt::format("/etc/xvnet/{}.json", instance);
}

bool names(const DesiredState& state, std::string_view device) {
  const auto is_it = [device](const auto& request) { return request.device == device; };
  return std::ranges::any_of(state.ports, is_it) || std::ranges::any_of(state.uplinks, is_it);
}

Result<DesiredState> read_state_file(const std::string& path) {
  XVNET_ASSIGN(text, read_file(path));
  auto state = parse_state(text);
  if (!state)
    state.error().message = fmt::format("read {}: {}", quote(path), state.error().message);
  return state;
}

Result<void> write_state_file(const std::string& path, const DesiredState& state) {
  return replace_file(path, format_state(state));
}

}  // namespace xvnet::cli
