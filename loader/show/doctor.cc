// SPDX-License-Identifier: BSD-2-Clause
#include "loader/show/doctor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "loader/base/text.h"
#include "loader/model/command_line.h"
#include "loader/model/forward_request.h"
#include "loader/nat/loopback.h"
#include "loader/show/examine_device.h"
#include "loader/show/examine_network.h"
#include "loader/show/views.h"

namespace xvnet {
namespace {

// Checks lo, which needs a program and accept_local while a port of the host's address is
// forwarded. Repeating any forward command repairs lo.
Result<void> examine_loopback(const Host& host, Tables& tables, Findings& findings) {
  XVNET_ASSIGN(placements, loopback_placements(tables));
  for (const auto& [program, ifindex, hook, shared] : placements) {
    XVNET_ASSIGN(state, host.attachment(ifindex, hook));
    XVNET_ASSIGN(link, host.find_link(ifindex));
    if (state == Attachment::kLive && link && link->accepts_local) continue;
    XVNET_ASSIGN(forwards, forward_requests(tables));
    findings.push_back(
        {"lo", Health::kFail,
         state == Attachment::kLive
             ? "accept_local was turned off: replies of forwards do not reach the host"
             : "its program is gone: forwards do not work for the host itself",
         forwards.empty() ? "«restore»" : command_of(forwards.front())});
  }
  return {};
}

Result<void> examine_build(const Host& host, Tables& tables, Findings& findings) {
  XVNET_ASSIGN(meta, tables.meta.find(0));
  if (meta && text_of(meta->build) == host.build())
    findings.push_back({"programs", Health::kOk, "of this build", ""});
  else
    findings.push_back({"programs", Health::kWarn,
                        "the running programs are of another build of xvnet", "«upgrade»"});
  return {};
}

// Devices still run a program whose pin is gone, but new devices cannot be attached to it.
Result<void> examine_programs(const Host& host, Findings& findings) {
  XVNET_ASSIGN(missing, host.missing_programs());
  if (!missing.empty())
    findings.push_back({"programs", Health::kFail,
                        fmt::format("pins of programs are missing: {}", fmt::join(missing, ", ")),
                        "«upgrade»"});
  return {};
}

// Another check reports the missing permission.
Result<std::vector<Remnant>> visible_remnants(const Host& host) {
  auto remnants = host.remnants();
  if (!remnants && remnants.error().kind == ErrorKind::kNotPermitted) return std::vector<Remnant>{};
  return remnants;
}

// All pins are gone. Backstops still drop frames received on the devices that were ports.
Result<Finding> examine_nothing(const Host& host) {
  XVNET_ASSIGN(remnants, visible_remnants(host));
  if (remnants.empty()) return Finding{"instance", Health::kOk, "nothing is attached", ""};
  std::vector<std::string> names;
  for (const Remnant& each : remnants) {
    XVNET_ASSIGN(link, host.find_link(each.ifindex));
    names.push_back(link ? link->name : fmt::format("{} (gone)", each.name));
  }
  return Finding{"instance", Health::kFail,
                 fmt::format("its pins are gone, but its filters or backstops (nftables: table "
                             "netdev xvnet) are left at {}",
                             fmt::join(names, ", ")),
                 "«down»"};
}

}  // namespace

Result<Findings> examine_instance(Host& host) {
  Findings findings;
  XVNET_ASSIGN(exists, host.open_for_reading());
  if (!exists) {
    XVNET_ASSIGN(finding, examine_nothing(host));
    findings.push_back(finding);
    return findings;
  }
  Tables tables(host);
  XVNET_TRY(examine_build(host, tables, findings));
  XVNET_TRY(examine_programs(host, findings));
  XVNET_TRY(examine_devices(host, tables, findings));
  XVNET_TRY(examine_networks(host, tables, findings));
  XVNET_TRY(examine_loopback(host, tables, findings));
  XVNET_ASSIGN(uplinks, view_uplinks(host, tables));
  XVNET_ASSIGN(ports, view_ports(host, tables));
  XVNET_ASSIGN(networks, view_networks(host, tables));
  findings.push_back({"instance", Health::kOk,
                      fmt::format("{} ports, {} networks, {} uplinks", ports.size(),
                                  networks.size(), uplinks.size()),
                      ""});
  return findings;
}

}  // namespace xvnet
