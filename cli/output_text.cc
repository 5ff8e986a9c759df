// SPDX-License-Identifier: BSD-2-Clause
#include "cli/output_text.h"

#include <fmt/format.h>

#include "cli/cells.h"
#include "cli/reason.h"
#include "cli/table.h"
#include "cli/text.h"
#include "loader/base/text.h"

namespace xvnet::cli {

namespace {

// The port's own addresses, and the shared ones that it has at present.
std::vector<std::string> addresses_at(const PortView& port) {
  auto addresses = port.ips;
  for (const auto& each : port.allowed)
    if (each.is_here) addresses.push_back(each.address);
  return addresses;
}

// Formats "       3 dropped  hairpin: the destination is where it came from".
std::string reason_line(const std::string& name, std::uint64_t count) {
  const auto reason = find_reason(name);
  const char* fate = reason.fate == abi::FATE_NOTED ? "noted" : "dropped";
  const char* colon = reason.text.empty() ? "" : ": ";
  return fmt::format("{:>27} {:<7}  {}{}{}\n", count, fate, printable(name), colon, reason.text);
}

std::string direction_lines(std::string_view title, const DirectionView& direction) {
  auto lines = fmt::format("  {:<12} {:>12} packets {:>16} bytes\n", title, direction.packets,
                           direction.bytes);
  for (const auto& [reason, count] : direction.drops) {
    if (count > 0) lines += reason_line(reason, count);
  }
  return lines;
}

}  // namespace

std::string TextOutput::ports(const std::vector<PortView>& ports) const {
  TextTable table({{"NAME"},
                   {"KIND"},
                   {"NETWORK"},
                   {"VLAN", Align::kRight},
                   {"MODE"},
                   {"STATE"},
                   {"CARRIER"},
                   {"MACS", Align::kRight},
                   {"MAC"},
                   {"IP"},
                   {"WHY"}});
  for (const auto& port : ports) {
    table.add({port.name, port.kind, port.network, vid_cell(port.vid), format_mode(port.mode),
               port.state, port.carrier, fmt::format("{}/{}", port.macs, port.max_macs),
               mac_cell(port.mac), list_cell(addresses_at(port)), port.why});
  }
  return table.render(Header::kShown);
}

std::string TextOutput::networks(const std::vector<NetworkView>& networks) const {
  TextTable table({{"NAME"},
                   {"KIND"},
                   {"VLAN", Align::kRight},
                   {"UPLINK"},
                   {"AGEING", Align::kRight},
                   {"HOST"},
                   {"SUBNET"},
                   {"GATEWAY"},
                   {"ROUTER"},
                   {"SNAT"},
                   {"PORTS"}});
  for (const auto& network : networks) {
    table.add({network.name, network.kind, vid_cell(network.vid), network.uplink,
               seconds_cell(network.ageing_s), host_cell(network), network.subnet, network.gateway,
               network.router, snat_cell(network.snat), list_cell(network.ports)});
  }
  return table.render(Header::kShown);
}

std::string TextOutput::uplinks(const std::vector<UplinkView>& uplinks) const {
  TextTable table({{"NAME"}, {"MODE"}, {"STATE"}, {"CARRIER"}, {"VLANS"}, {"NETWORKS"}, {"WHY"}});
  for (const auto& uplink : uplinks) {
    table.add({uplink.name, format_mode(uplink.mode), uplink.state, uplink.carrier, uplink.vlans,
               list_cell(uplink.networks), uplink.why});
  }
  return table.render(Header::kShown);
}

std::string TextOutput::overview(const std::vector<PortView>& ports,
                                 const std::vector<NetworkView>& networks,
                                 const std::vector<UplinkView>& uplinks) const {
  return fmt::format("Ports\n{}\nNetworks\n{}\nUplinks\n{}", this->ports(ports),
                     this->networks(networks), this->uplinks(uplinks));
}

std::string TextOutput::fdb(const std::vector<FdbView>& entries) const {
  TextTable table({{"NETWORK"}, {"MAC"}, {"DEV"}, {"KIND"}, {"AGE", Align::kRight}});
  for (const auto& entry : entries) {
    table.add({entry.network, format_mac(entry.mac), entry.device, entry.kind,
               entry.age_s ? seconds_cell(*entry.age_s) : ""});
  }
  return table.render(Header::kShown);
}

std::string TextOutput::leases(const std::vector<LeaseView>& leases) const {
  TextTable table({{"IP"}, {"NETWORK"}, {"DEV"}, {"STATE"}, {"MAC"}, {"AGE", Align::kRight}});
  for (const auto& lease : leases) {
    table.add({lease.ip, lease.network, lease.device, lease.state, mac_cell(lease.mac),
               lease.age_s ? seconds_cell(*lease.age_s) : ""});
  }
  return table.render(Header::kShown);
}

std::string TextOutput::nat(const std::vector<NatView>& entries) const {
  TextTable table({{"NETWORK"},
                   {"PROTOCOL"},
                   {"INSIDE"},
                   {"OUTSIDE"},
                   {"STATE"},
                   {"AGE", Align::kRight},
                   {"LEFT", Align::kRight},
                   {"SENT", Align::kRight},
                   {"RECEIVED", Align::kRight}});
  for (const auto& entry : entries) {
    table.add({entry.network, entry.protocol, endpoint_cell(entry.inside_ip, entry.inside_port),
               endpoint_cell(entry.outside_ip, entry.outside_port), entry.state,
               seconds_cell(entry.age_s), seconds_cell(entry.left_s), std::to_string(entry.sent),
               std::to_string(entry.received)});
  }
  return table.render(Header::kShown);
}

std::string TextOutput::forwards(const std::vector<ForwardView>& forwards) const {
  TextTable table({{"NETWORK"},
                   {"PROTOCOL"},
                   {"OUTSIDE"},
                   {"INSIDE"},
                   {"DEV"},
                   {"SENT", Align::kRight},
                   {"RECEIVED", Align::kRight}});
  for (const auto& forward : forwards) {
    table.add({forward.network, forward.protocol,
               format_endpoint(forward.outside_ip, forward.outside_port, forward.ports),
               format_endpoint(forward.inside_ip, forward.inside_port, forward.ports),
               forward.device, std::to_string(forward.sent), std::to_string(forward.received)});
  }
  return table.render(Header::kShown);
}

std::string TextOutput::stats(const std::vector<StatsView>& stats) const {
  std::string text;
  for (const auto& device : stats) {
    const std::string peer = device.is_uplink ? "uplink" : "vm";
    text += printable(device.name) + '\n' + direction_lines("from " + peer, device.from) +
            direction_lines("to " + peer, device.to);
  }
  return text;
}

std::string TextOutput::findings(const std::vector<Finding>& findings) const {
  std::string text;
  for (const auto& finding : findings) {
    text += fmt::format("{:<4}  {}: {}\n", format_health(finding.health), printable(finding.check),
                        printable(finding.detail));
    if (!finding.fix.empty()) text += fmt::format("      fix: {}\n", printable(finding.fix));
  }
  return text;
}

std::string TextOutput::steps(const std::vector<std::string>& steps) const {
  std::string text;
  for (const auto& step : steps) text += printable(step) + '\n';
  return text;
}

}  // namespace xvnet::cli
