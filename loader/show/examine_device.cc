// SPDX-License-Identifier: BSD-2-Clause
#include "loader/show/examine_device.h"

#include <fmt/format.h>

#include <algorithm>

#include "loader/base/text.h"
#include "loader/model/command_line.h"
#include "loader/model/desired_state.h"
#include "loader/model/device.h"
#include "loader/model/network_request.h"
#include "loader/nat/state.h"
#include "loader/show/views.h"

namespace xvnet {
namespace {

struct Device {
  std::uint32_t ifindex = 0;
  std::string name;   // current name
  std::string check;  // "port tap0"
  std::string again;  // the command that repairs it
  abi::device_record record{};
  bool is_uplink = false;
};

bool is_openvswitch(const std::optional<Link>& master) {
  return master && master->type == "openvswitch";
}

class Examination {
 public:
  Examination(const Host& host, Tables& tables, const Device& device, Findings& findings)
      : host_(&host), tables_(&tables), device_(&device), findings_(&findings) {}

  void add(Health health, std::string detail, std::string fix) {
    findings_->push_back({device_->check, health, std::move(detail), std::move(fix)});
  }
  void fails(std::string detail) { add(Health::kFail, std::move(detail), device_->again); }

  // Returns true if the device can be examined further.
  bool state(DeviceState state) {
    using enum DeviceState;
    const bool is_made = device_->record.flags & abi::RECORD_CREATED;
    if (state == kGone && is_made)
      fails("the device is gone; attaching it creates it again");
    else if (state == kGone)
      add(device_->is_uplink ? Health::kFail : Health::kWarn,
          "the device is gone; if it comes back: " + device_->again,
          fmt::format("«{}» {}", device_->is_uplink ? "uplink del" : "detach",
                      quoted_for_shell(device_->name)));
    else if (state == kSevered)
      fails("its programs are gone: they were removed, or the device was created again");
    else if (state == kIncomplete)
      fails("one of its programs is gone, or a command was interrupted");
    else
      add(Health::kOk,
          fmt::format("{}, {}", state == kUp ? "up" : "down",
                      format_mode(mode_of(device_->record.mode))),
          "");
    return state == kUp || state == kDown;
  }

  // Checks the link itself: name, bridge, ARP and IPv6, MTU, carrier.
  void link(const Link& link) {
    if (const std::string name = text_of(device_->record.name); name != link.name)
      add(Health::kWarn, fmt::format("it was renamed: it was called {:?} when it was set up", name),
          device_->again);
    if (link.master) master(link);
    if (!device_->is_uplink && !link.is_silent())
      fails("ARP or IPv6 was turned on: the host's own stack sends frames on it");
    const std::uint32_t mtu = device_->record.mtu;
    if (mtu && link.mtu != mtu) fails(fmt::format("its MTU is {}, not {}", link.mtu, mtu));
    carrier(link);
  }

  Result<void> offloads(const Link& link) {
    const auto& record = device_->record;
    XVNET_ASSIGN(entry, tables_->interfaces.find(device_->ifindex));
    if (link.kind == LinkKind::kVeth) {
      XVNET_ASSIGN(peer, host_->veth_peer(device_->ifindex));
      if (entry && entry->flags & abi::INTERFACE_XDP_TARGET && !peer.receives_xdp)
        fails("the other end has no XDP program any more: frames that XDP sends to it are lost");
      if (record.mode == abi::MODE_XDP && peer.is_reachable &&
          (peer.tx_vlan_ctag.is_on || peer.tx_vlan_stag.is_on))
        fails("the other end's VLAN offload was turned on again: XDP does not see its tags");
      return {};
    }
    if (device_->is_uplink && record.restore & abi::RESTORE_RX_VLAN_FILTER)
      XVNET_TRY(feature(Feature::kRxVlanFilter,
                        "its VLAN filter was turned on again: it drops the VIDs of networks"));
    if (record.mode != abi::MODE_XDP || link.kind != LinkKind::kOther) return {};
    for (Feature each : {Feature::kRxVlanCtag, Feature::kRxVlanStag})
      XVNET_TRY(feature(each, "its VLAN offload was turned on again: XDP does not see its tags"));
    return {};
  }

  Result<void> backstop() {
    XVNET_ASSIGN(is_missing, host_->lacks_backstop(device_->ifindex));
    if (is_missing)
      add(Health::kWarn,
          "its backstop is gone (nftables: table netdev xvnet): if its programs were lost, too, "
          "its VM would reach the host",
          device_->again);
    return {};
  }

  Result<void> foreign() {
    if (device_->record.flags & abi::RECORD_SHARED_XDP) return {};
    XVNET_ASSIGN(foreign, host_->foreign_xdp(device_->ifindex));
    if (!foreign.empty())
      add(Health::kWarn, fmt::format("another XDP program, {}, receives its frames first", foreign),
          "make sure that it passes the frames of networks");
    return {};
  }

 private:
  // The command that repairs a port also takes it out of a bridge. Only Open vSwitch itself can
  // remove its ports, and an uplink belongs to the host.
  void master(const Link& link) {
    const auto found = host_->find_link(link.master);
    const std::optional<Link> master = found ? *found : std::nullopt;
    const std::string name =
        master ? fmt::format("{:?}", master->name) : std::string("a bridge or bond");
    const std::string leave = leave_master_command(link, master);
    if (device_->is_uplink)
      add(Health::kFail,
          fmt::format(
              "it is a member of {}, which receives the frames for the host, and forwards to it "
              "the frames of its other members",
              name),
          leave);
    else
      add(Health::kFail,
          fmt::format("it is a member of {}: that network's frames reach the VM", name),
          is_openvswitch(master) ? leave : device_->again);
  }

  // An uplink belongs to the host, so no xvnet command sets it up.
  void carrier(const Link& link) {
    if (!link.is_up && device_->is_uplink)
      add(Health::kFail, "it is down",
          fmt::format("ip link set dev {} up", quoted_for_shell(link.name)));
    else if (!link.is_up)
      fails("it was set down");
    else if (link.has_carrier)
      return;
    else if (device_->is_uplink)
      add(Health::kFail, "it has no carrier", "check its cable and the other end");
    else if (link.kind == LinkKind::kTap)
      add(Health::kWarn, "no VM has it open", "start its VM");
    else
      add(Health::kWarn, "it has no carrier", raise_other_end(link));
  }

  // Commands for a device in another namespace cannot be given.
  std::string raise_other_end(const Link& link) const {
    const auto peer = host_->find_link(link.peer);
    return peer && *peer ? fmt::format("ip link set dev {} up", quoted_for_shell((*peer)->name))
                         : std::string("set its other end up, in its network namespace");
  }

  Result<void> feature(Feature feature, const char* detail) {
    XVNET_ASSIGN(state, host_->feature(device_->ifindex, feature));
    if (state.is_on && !state.is_fixed) fails(detail);
    return {};
  }

  const Host* host_;
  Tables* tables_;
  const Device* device_;
  Findings* findings_;
};

// Compares the MTU of a port with that of the uplink that its frames leave through.
Result<void> examine_mtu(const Host& host, Tables& tables, const abi::port_record& port,
                         const Link& link, Examination& examination) {
  XVNET_ASSIGN(network, tables.networks.find(port.network));
  XVNET_ASSIGN(uplink, host.find_link(network ? network->uplink : 0));
  const std::uint32_t other = uplink ? uplink->mtu : kFullMtu;
  if (uplink && link.mtu > other)
    examination.add(
        Health::kWarn,
        fmt::format(
            "its MTU of {} is larger than the {} of {:?}: large frames cannot be sent there",
            link.mtu, other, uplink->name),
        fmt::format("ip link set dev {} mtu {}", quoted_for_shell(uplink->name), link.mtu));
  else if (!port.device.mtu && link.mtu < other)
    examination.add(Health::kWarn,
                    fmt::format("its MTU of {} is smaller than {}: larger frames do not reach it",
                                link.mtu, other),
                    fmt::format("ip link set dev {} mtu {}", quoted_for_shell(link.name), other));
  return {};
}

Result<void> examine_port(const Host& host, Tables& tables, std::uint32_t ifindex,
                          const abi::port_record& record, Findings& findings) {
  XVNET_ASSIGN(network, tables.network_records.find(record.network));
  XVNET_ASSIGN(name, present_name(host, ifindex, record.device));
  const bool is_host_side = record.device.flags & abi::RECORD_HOST_SIDE;
  Device device{ifindex,       name, "port " + name, "«detach» " + quoted_for_shell(name),
                record.device, false};
  if (network)
    device.again = is_host_side ? host_address_command(network_request(*network))
                                : command_of(port_request(name, record, *network));
  Examination examination(host, tables, device, findings);
  XVNET_ASSIGN(state, state_of(host, ifindex, record.device, kPortPrograms));
  XVNET_ASSIGN(link, host.find_link(ifindex));
  if (!examination.state(state) || !link) return {};
  examination.link(*link);
  XVNET_ASSIGN(addresses, host.ipv4_addresses(ifindex));
  if (!addresses.empty() && !is_host_side)
    examination.add(Health::kWarn,
                    fmt::format("the host has the address {} on it, but the host cannot use a port",
                                format_ipv4(addresses.front().address)),
                    "ip address flush dev " + quoted_for_shell(link->name));
  XVNET_ASSIGN(lacks, lacks_forwarding(tables, record, *link));
  if (lacks)
    examination.fails(
        fmt::format("IPv4 forwarding on it was turned off: the VM does not reach the internet "
                    "(net.ipv4.conf.{}.forwarding)",
                    link->name));
  XVNET_TRY(examine_mtu(host, tables, record, *link, examination));
  XVNET_TRY(examination.offloads(*link));
  XVNET_TRY(examination.backstop());
  return examination.foreign();
}

bool is_wrong_mac(const abi::nat_address& entry, const Link& link) {
  return !(entry.flags & abi::NAT_ADDRESS_OF_HOST) && entry.uplink == link.ifindex &&
         std::memcmp(entry.mac, link.mac.data(), sizeof entry.mac) != 0;
}

// VMs know the host in an untagged network by the uplink's MAC; neighbours know public addresses by
// it.
Result<void> examine_mac(Tables& tables, const Link& link, Examination& examination) {
  XVNET_ASSIGN(untagged, tables.vlans.find({.uplink = link.ifindex, .vid = 0, .pad = 0}));
  if (untagged) {
    abi::fdb_key key{.network = *untagged, .mac = {}, .pad = 0};
    std::memcpy(key.mac, link.mac.data(), sizeof key.mac);
    XVNET_ASSIGN(host, tables.fdb.find(key));
    if (!host || host->slot != abi::FDB_SLOT_HOST)
      examination.fails("its MAC has changed: VMs do not reach the host at the new MAC");
  }
  XVNET_ASSIGN(addresses, tables.nat_addresses.entries());
  if (std::ranges::any_of(addresses,
                          [&](const auto& entry) { return is_wrong_mac(entry.second, link); }))
    examination.fails(
        "its MAC has changed: ARP replies for public addresses contain the previous MAC");
  return {};
}

Result<void> examine_uplink(const Host& host, Tables& tables, std::uint32_t ifindex,
                            const abi::uplink_record& record, Findings& findings) {
  XVNET_ASSIGN(name, present_name(host, ifindex, record.device));
  const Device device{ifindex,          name,
                      "uplink " + name, command_of(uplink_request(name, record)),
                      record.device,    true};
  Examination examination(host, tables, device, findings);
  XVNET_ASSIGN(state, state_of(host, ifindex, record.device, kUplinkPrograms));
  XVNET_ASSIGN(link, host.find_link(ifindex));
  if (!examination.state(state) || !link) return {};
  examination.link(*link);
  if (link->mtu < kFullMtu)
    examination.add(
        Health::kWarn,
        fmt::format("its MTU of {} cannot carry a full-sized frame and a VLAN tag", link->mtu),
        fmt::format("ip link set dev {} mtu {}", quoted_for_shell(link->name), kFullMtu));
  if (!link->is_promiscuous)
    examination.fails("promiscuous mode was turned off: frames for VMs are not received");
  XVNET_TRY(examine_mac(tables, *link, examination));
  XVNET_TRY(examination.offloads(*link));
  return examination.foreign();
}

}  // namespace

std::string leave_master_command(const Link& link, const std::optional<Link>& master) {
  const std::string device = quoted_for_shell(link.name);
  return is_openvswitch(master) ? "ovs-vsctl del-port " + device
                                : fmt::format("ip link set dev {} nomaster", device);
}

Result<void> examine_devices(const Host& host, Tables& tables, Findings& findings) {
  XVNET_ASSIGN(uplinks, tables.uplink_records.entries());
  for (const auto& [ifindex, record] : uplinks)
    XVNET_TRY(examine_uplink(host, tables, ifindex, record, findings));
  XVNET_ASSIGN(ports, tables.port_records.entries());
  for (const auto& [ifindex, record] : ports)
    XVNET_TRY(examine_port(host, tables, ifindex, record, findings));
  return {};
}

}  // namespace xvnet
