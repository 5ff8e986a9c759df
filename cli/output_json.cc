// SPDX-License-Identifier: BSD-2-Clause
#include "cli/output_json.h"

#include <nlohmann/json.hpp>

#include "loader/base/text.h"

namespace xvnet::cli {

namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json value_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json mac_or_null(const std::optional<Mac>& mac) {
  return mac ? Json(format_mac(*mac)) : Json(nullptr);
}

Json allowed_array(const std::vector<AllowedView>& allowed) {
  Json array = Json::array();
  for (const auto& each : allowed) array.push_back({{"ip", each.address}, {"here", each.is_here}});
  return array;
}

Json to_json(const PortView& port) {
  return {{"name", port.name},
          {"ifindex", port.ifindex},
          {"kind", port.kind},
          {"network", port.network},
          {"vlan", value_or_null(port.vid)},
          {"mode", format_mode(port.mode)},
          {"mode_asked", format_mode(port.mode_asked)},
          {"why", port.why},
          {"state", port.state},
          {"carrier", port.carrier},
          {"mac", mac_or_null(port.mac)},
          {"max_macs", port.max_macs},
          {"macs", port.macs},
          {"created", port.created},
          {"ip", port.ips},
          {"allow", allowed_array(port.allowed)},
          {"hostname", text_or_null(port.host_name)}};
}

Json snat_array(const std::vector<SnatView>& ranges) {
  Json array = Json::array();
  for (const auto& range : ranges)
    array.push_back({{"address", range.address},
                     {"first_port", range.first_port},
                     {"last_port", range.last_port}});
  return array;
}

Json to_json(const NetworkView& network) {
  return {{"name", network.name},
          {"id", network.id},
          {"kind", network.kind},
          {"vlan", value_or_null(network.vid)},
          {"uplink", text_or_null(network.uplink)},
          {"ports", network.ports},
          {"ageing", network.ageing_s},
          {"host_interface", text_or_null(network.host_interface)},
          {"host_addresses", network.host_addresses},
          {"implicit", network.implicit},
          {"subnet", text_or_null(network.subnet)},
          {"gateway", text_or_null(network.gateway)},
          {"router", text_or_null(network.router)},
          {"dhcp", network.dhcp},
          {"dns", network.dns},
          {"snat", snat_array(network.snat)},
          {"snat_filter", text_or_null(network.snat_filter)},
          {"snat_exceptions", network.snat_exceptions}};
}

Json to_json(const UplinkView& uplink) {
  return {{"name", uplink.name},
          {"ifindex", uplink.ifindex},
          {"mode", format_mode(uplink.mode)},
          {"mode_asked", format_mode(uplink.mode_asked)},
          {"why", uplink.why},
          {"vlans", uplink.vlans},
          {"networks", uplink.networks},
          {"state", uplink.state},
          {"carrier", uplink.carrier}};
}

Json to_json(const FdbView& entry) {
  return {{"network", entry.network},
          {"mac", format_mac(entry.mac)},
          {"dev", entry.device},
          {"kind", entry.kind},
          {"age", value_or_null(entry.age_s)}};
}

Json to_json(const LeaseView& lease) {
  return {
      {"ip", lease.ip},       {"network", lease.network},      {"dev", lease.device},
      {"state", lease.state}, {"mac", mac_or_null(lease.mac)}, {"age", value_or_null(lease.age_s)}};
}

Json to_json(const NatView& entry) {
  return {{"network", entry.network},       {"protocol", entry.protocol},
          {"inside_ip", entry.inside_ip},   {"inside_port", entry.inside_port},
          {"outside_ip", entry.outside_ip}, {"outside_port", entry.outside_port},
          {"state", entry.state},           {"age", entry.age_s},
          {"left", entry.left_s},           {"sent", entry.sent},
          {"received", entry.received}};
}

Json port_or_null(std::uint16_t port) { return port ? Json(port) : Json(nullptr); }

Json to_json(const ForwardView& forward) {
  return {{"network", forward.network},
          {"protocol", forward.protocol},
          {"outside_ip", forward.outside_ip},
          {"outside_port", port_or_null(forward.outside_port)},
          {"inside_ip", forward.inside_ip},
          {"inside_port", port_or_null(forward.inside_port)},
          {"ports", forward.ports},
          {"dev", text_or_null(forward.device)},
          {"sent", forward.sent},
          {"received", forward.received}};
}

Json to_json(const DirectionView& direction) {
  return {{"packets", direction.packets}, {"bytes", direction.bytes}, {"drops", direction.drops}};
}

Json to_json(const StatsView& stats) {
  const std::string kind = stats.is_uplink ? "uplink" : "port";
  const std::string peer = stats.is_uplink ? "uplink" : "vm";
  return {{"name", stats.name},
          {"kind", kind},
          {"from_" + peer, to_json(stats.from)},
          {"to_" + peer, to_json(stats.to)}};
}

Json to_json(const Finding& finding) {
  return {{"check", finding.check},
          {"status", format_health(finding.health)},
          {"detail", finding.detail},
          {"fix", finding.fix}};
}

template <typename T>
Json to_array(const std::vector<T>& views) {
  Json array = Json::array();
  for (const auto& view : views) array.push_back(to_json(view));
  return array;
}

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string JsonOutput::ports(const std::vector<PortView>& ports) const {
  return to_line(to_array(ports));
}

std::string JsonOutput::networks(const std::vector<NetworkView>& networks) const {
  return to_line(to_array(networks));
}

std::string JsonOutput::uplinks(const std::vector<UplinkView>& uplinks) const {
  return to_line(to_array(uplinks));
}

std::string JsonOutput::overview(const std::vector<PortView>& ports,
                                 const std::vector<NetworkView>& networks,
                                 const std::vector<UplinkView>& uplinks) const {
  return to_line({{"ports", to_array(ports)},
                  {"networks", to_array(networks)},
                  {"uplinks", to_array(uplinks)}});
}

std::string JsonOutput::fdb(const std::vector<FdbView>& entries) const {
  return to_line(to_array(entries));
}

std::string JsonOutput::leases(const std::vector<LeaseView>& leases) const {
  return to_line(to_array(leases));
}

std::string JsonOutput::nat(const std::vector<NatView>& entries) const {
  return to_line(to_array(entries));
}

std::string JsonOutput::forwards(const std::vector<ForwardView>& forwards) const {
  return to_line(to_array(forwards));
}

std::string JsonOutput::stats(const std::vector<StatsView>& stats) const {
  return to_line(to_array(stats));
}

std::string JsonOutput::findings(const std::vector<Finding>& findings) const {
  return to_line(to_array(findings));
}

std::string JsonOutput::steps(const std::vector<std::string>& steps) const {
  Json array = Json::array();
  for (const auto& step : steps) array.push_back({{"step", step}});
  return to_line(array);
}

}  // namespace xvnet::cli
