// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>

#include "loader/device.h"
#include "loader/doctor.h"
#include "loader/loopback.h"
#include "loader/show.h"
#include "loader/text.h"

namespace xvnet {
namespace {

struct Device {
  std::uint32_t ifindex = 0;
  std::string name;
  abi::device_record record{};
  bool is_uplink = false;
  bool is_xdp_target = false;
};

std::string again(const Device& device) {
  return device.is_uplink
             ? fmt::format("xvnet uplink del {0}, then xvnet uplink add {0}", device.name)
             : fmt::format("xvnet detach {0}, then attach it again", device.name);
}

Finding finding(const Device& device, Health health, std::string detail, std::string fix) {
  return {fmt::format("{} {}", device.is_uplink ? "uplink" : "port", device.name), health,
          std::move(detail), std::move(fix)};
}

void examine_state(const Device& device, const std::string& state, std::vector<Finding>& findings) {
  if (state == "gone")
    findings.push_back(finding(device, Health::kFail, "the device is gone",
                               device.is_uplink ? fmt::format("xvnet uplink del {}", device.name)
                                                : fmt::format("xvnet detach {}", device.name)));
  else if (state == "severed")
    findings.push_back(finding(device, Health::kFail,
                               "the device was made anew, and its programs are gone",
                               again(device)));
  else if (state == "incomplete")
    findings.push_back(finding(device, Health::kFail, "a command on it was cut short",
                               device.is_uplink ? again(device) : "give the same command again"));
  else
    findings.push_back(
        finding(device, Health::kOk,
                fmt::format("{}, {}", state, format_mode(mode_of(device.record.mode))), ""));
}

Result<void> examine_veth(const Kernel& kernel, const Device& device,
                          std::vector<Finding>& findings) {
  XVNET_ASSIGN(peer, kernel.veth_peer(device.ifindex));
  if (device.is_xdp_target && !peer.receives_xdp)
    findings.push_back(finding(
        device, Health::kFail,
        "the other end runs no XDP program any more: frames XDP sends it are lost", again(device)));
  const bool hides = peer.is_reachable && (peer.tx_vlan_ctag.is_on || peer.tx_vlan_stag.is_on);
  if (device.record.mode == abi::MODE_XDP && hides)
    findings.push_back(finding(device, Health::kFail,
                               "the other end's VLAN offload was turned on again: XDP does not see "
                               "the tags it sends",
                               "ethtool -K PEER txvlan off tx-vlan-stag-hw-insert off"));
  return {};
}

Result<void> examine_offloads(const Kernel& kernel, const Device& device,
                              std::vector<Finding>& findings) {
  if (device.record.kind == abi::DEVICE_VETH) return examine_veth(kernel, device, findings);
  if (device.record.mode != abi::MODE_XDP || device.record.kind != abi::DEVICE_OTHER) return {};
  for (Feature feature : {Feature::kRxVlanCtag, Feature::kRxVlanStag}) {
    XVNET_ASSIGN(state, kernel.feature(device.ifindex, feature));
    if (state.is_on)
      findings.push_back(finding(
          device, Health::kFail, "its VLAN offload was turned on again: XDP does not see its tags",
          fmt::format("ethtool -K {} rxvlan off rx-vlan-stag-hw-parse off", device.name)));
  }
  return {};
}

Result<void> examine_xdp(const Kernel& kernel, const Device& device,
                         std::vector<Finding>& findings) {
  if (device.record.flags & abi::RECORD_SHARED_XDP) return {};
  XVNET_ASSIGN(foreign, kernel.foreign_xdp(device.ifindex));
  if (!foreign.empty())
    findings.push_back(
        finding(device, Health::kWarn,
                fmt::format("another XDP program, {}, sees its frames first", foreign),
                "make sure that it passes what xvnet is to carry"));
  return {};
}

Result<void> examine_uplink_link(const Kernel& kernel, Tables& tables, const Device& device,
                                 std::vector<Finding>& findings) {
  XVNET_ASSIGN(link, kernel.find_link(device.ifindex));
  if (!link) return {};
  if (link->mtu < kFullMtu)
    findings.push_back(finding(
        device, Health::kWarn,
        fmt::format("its MTU of {} cannot carry a full-sized frame and a VLAN tag", link->mtu),
        fmt::format("ip link set {} mtu {}", link->name, kFullMtu)));
  if (!link->is_promiscuous)
    findings.push_back(finding(device, Health::kFail,
                               "promiscuous mode was turned off: frames for VMs are not received",
                               fmt::format("ip link set {} promisc on", link->name)));
  XVNET_ASSIGN(untagged, tables.vlans.find({.uplink = device.ifindex, .vid = 0, .pad = 0}));
  if (!untagged) return {};
  abi::fdb_key key{.network = *untagged, .mac = {}, .pad = 0};
  std::memcpy(key.mac, link->mac.data(), sizeof key.mac);
  XVNET_ASSIGN(host, tables.fdb.find(key));
  if (!host || host->slot != abi::FDB_SLOT_HOST)
    findings.push_back(finding(device, Health::kFail,
                               "its MAC has changed, and VMs do not reach the host by the new one",
                               fmt::format("xvnet uplink add {}", link->name)));
  return {};
}

Result<void> examine_device(const Kernel& kernel, Tables& tables, Device device,
                            const std::string& state, std::vector<Finding>& findings) {
  examine_state(device, state, findings);
  if (state != "up" && state != "down") return {};
  XVNET_ASSIGN(entry, tables.interfaces.find(device.ifindex));
  device.is_xdp_target = entry && entry->flags & abi::INTERFACE_XDP_TARGET;
  XVNET_TRY(examine_offloads(kernel, device, findings));
  XVNET_TRY(examine_xdp(kernel, device, findings));
  return device.is_uplink ? examine_uplink_link(kernel, tables, device, findings) : Result<void>{};
}

// What lo has while a port of the host's own address is forwarded.
Result<void> examine_loopback(const Kernel& kernel, Tables& tables,
                              std::vector<Finding>& findings) {
  XVNET_ASSIGN(placements, loopback_placements(tables));
  for (const auto& [program, ifindex, hook, shared] : placements) {
    XVNET_ASSIGN(state, kernel.attachment(ifindex, hook));
    XVNET_ASSIGN(link, kernel.find_link(ifindex));
    if (state == Attachment::kLive && link && link->accepts_local) continue;
    findings.push_back(
        {"lo", Health::kFail,
         state == Attachment::kLive
             ? "accept_local was turned off: answers of forwards do not reach the host"
             : "its program is gone: forwards do not work for the host itself",
         "xvnet save, then xvnet restore"});
  }
  return {};
}

Result<void> examine_build(const Kernel& kernel, Tables& tables, std::vector<Finding>& findings) {
  XVNET_ASSIGN(meta, tables.meta.find(0));
  if (meta && text_of(meta->build) == kernel.build())
    findings.push_back({"programs", Health::kOk, "of this build", ""});
  else
    findings.push_back(
        {"programs", Health::kWarn, "of another build of xvnet, and running on", "xvnet upgrade"});
  return {};
}

}  // namespace

Result<std::vector<Finding>> examine_instance(Kernel& kernel) {
  std::vector<Finding> findings;
  XVNET_ASSIGN(exists, kernel.open_for_reading());
  if (!exists) {
    findings.push_back({"instance", Health::kOk, "nothing is attached", ""});
    return findings;
  }
  Tables tables(kernel);
  XVNET_TRY(examine_build(kernel, tables, findings));
  XVNET_ASSIGN(uplinks, view_uplinks(kernel, tables));
  for (const auto& view : uplinks) {
    XVNET_ASSIGN(record, tables.uplink_records.find(view.ifindex));
    if (!record) continue;
    XVNET_TRY(examine_device(kernel, tables, {view.ifindex, view.name, record->device, true, false},
                             view.state, findings));
  }
  XVNET_ASSIGN(ports, view_ports(kernel, tables));
  for (const auto& view : ports) {
    XVNET_ASSIGN(record, tables.port_records.find(view.ifindex));
    if (!record) continue;
    XVNET_TRY(examine_device(kernel, tables,
                             {view.ifindex, view.name, record->device, false, false}, view.state,
                             findings));
  }
  XVNET_TRY(examine_loopback(kernel, tables, findings));
  XVNET_ASSIGN(networks, view_networks(kernel, tables));
  findings.push_back({"instance", Health::kOk,
                      fmt::format("{} ports, {} networks, {} uplinks", ports.size(),
                                  networks.size(), uplinks.size()),
                      ""});
  return findings;
}

}  // namespace xvnet
