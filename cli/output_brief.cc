// SPDX-License-Identifier: BSD-2-Clause
#include "cli/cells.h"
#include "cli/output_text.h"
#include "cli/reason.h"
#include "cli/table.h"
#include "loader/base/text.h"

namespace xvnet::cli {

namespace {

using Row = std::vector<std::string>;

Row to_row(const PortView& port) {
  return {port.name, port.state, port.network, format_mode(port.mode)};
}

Row to_row(const NetworkView& network) {
  return {network.name, network.kind, vid_cell(network.vid), list_cell(network.ports)};
}

Row to_row(const UplinkView& uplink) {
  return {uplink.name, uplink.state, uplink.vlans, format_mode(uplink.mode)};
}

Row to_row(const FdbView& entry) {
  return {entry.network, format_mac(entry.mac), entry.device, entry.kind};
}

Row to_row(const LeaseView& lease) { return {lease.ip, lease.network, lease.device, lease.state}; }

Row to_row(const NatView& entry) {
  return {entry.network, entry.protocol, endpoint_cell(entry.inside_ip, entry.inside_port),
          endpoint_cell(entry.outside_ip, entry.outside_port), entry.state};
}

Row to_row(const ForwardView& forward) {
  return {forward.network, forward.protocol,
          format_endpoint(forward.outside_ip, forward.outside_port, forward.ports),
          format_endpoint(forward.inside_ip, forward.inside_port, forward.ports), forward.device};
}

// Counts dropped frames only; frames that are only noted were carried.
std::string drops_cell(const DirectionView& direction) {
  std::uint64_t total = 0;
  for (const auto& [reason, count] : direction.drops)
    if (find_reason(reason).fate == abi::FATE_DROPPED) total += count;
  return std::to_string(total);
}

Row to_row(const StatsView& stats) {
  return {stats.name,
          std::to_string(stats.from.packets),
          std::to_string(stats.from.bytes),
          drops_cell(stats.from),
          std::to_string(stats.to.packets),
          std::to_string(stats.to.bytes),
          drops_cell(stats.to)};
}

Row to_row(const Finding& finding) { return {format_health(finding.health), finding.check}; }

template <typename T>
void add_rows(TextTable& table, const std::vector<T>& views, const Row& before = {}) {
  for (const auto& view : views) {
    Row row = before;
    for (auto& cell : to_row(view)) row.push_back(std::move(cell));
    table.add(std::move(row));
  }
}

template <typename T>
std::string to_lines(const std::vector<T>& views, std::vector<Column> columns) {
  TextTable table(std::move(columns));
  add_rows(table, views);
  return table.render(Header::kHidden);
}

}  // namespace

std::string BriefOutput::ports(const std::vector<PortView>& ports) const {
  return to_lines(ports, std::vector<Column>(4));
}

std::string BriefOutput::networks(const std::vector<NetworkView>& networks) const {
  return to_lines(networks, std::vector<Column>(4));
}

std::string BriefOutput::uplinks(const std::vector<UplinkView>& uplinks) const {
  return to_lines(uplinks, std::vector<Column>(4));
}

std::string BriefOutput::overview(const std::vector<PortView>& ports,
                                  const std::vector<NetworkView>& networks,
                                  const std::vector<UplinkView>& uplinks) const {
  TextTable table(std::vector<Column>(5));
  add_rows(table, ports, {"port"});
  add_rows(table, networks, {"network"});
  add_rows(table, uplinks, {"uplink"});
  return table.render(Header::kHidden);
}

std::string BriefOutput::fdb(const std::vector<FdbView>& entries) const {
  return to_lines(entries, std::vector<Column>(4));
}

std::string BriefOutput::leases(const std::vector<LeaseView>& leases) const {
  return to_lines(leases, std::vector<Column>(4));
}

std::string BriefOutput::nat(const std::vector<NatView>& entries) const {
  return to_lines(entries, std::vector<Column>(5));
}

std::string BriefOutput::forwards(const std::vector<ForwardView>& forwards) const {
  return to_lines(forwards, std::vector<Column>(5));
}

std::string BriefOutput::stats(const std::vector<StatsView>& stats) const {
  std::vector<Column> columns(7, {"", Align::kRight});
  columns.front().align = Align::kLeft;
  return to_lines(stats, std::move(columns));
}

std::string BriefOutput::findings(const std::vector<Finding>& findings) const {
  return to_lines(findings, std::vector<Column>(2));
}

std::string BriefOutput::steps(const std::vector<std::string>& steps) const {
  return TextOutput().steps(steps);
}

}  // namespace xvnet::cli
