// SPDX-License-Identifier: BSD-2-Clause
#include "invariants.h"

#include "loader/tables.h"

namespace xvnet::test {
namespace {

using Broken = std::set<std::string>;

bool runs(const FakeKernel& kernel, const FakeDevice& device, Hook hook, Program program) {
  auto pin = kernel.pins().find({device.link.ifindex, hook});
  return pin != kernel.pins().end() && pin->second.birth == device.birth &&
         pin->second.program == program;
}

const FakeDevice* device_at(const FakeKernel& kernel, std::uint32_t ifindex) {
  auto device = kernel.devices().find(ifindex);
  return device == kernel.devices().end() ? nullptr : &device->second;
}

// A tenant's device is never up and unfiltered.
void check_port(const FakeKernel& kernel, std::uint32_t ifindex, bool has_xdp, Broken& broken) {
  const FakeDevice* device = device_at(kernel, ifindex);
  if (!device || !device->link.is_up) return;
  const std::string& name = device->link.name;
  if (!runs(kernel, *device, Hook::kTcIngress, Program::kTcFromVm)) {
    broken.insert("port " + name + " is up without its tc program");
  }
  if (has_xdp && !runs(kernel, *device, Hook::kXdp, Program::kXdpFromVm)) {
    broken.insert("port " + name + " is up without its XDP program");
  }
  if (!device->link.is_silent)
    broken.insert("port " + name + " is up and the host may speak on it");
}

void check_ports(const FakeKernel& kernel, Broken& broken) {
  const FakeTable& records = kernel.fake_table(TableId::kPortRecords);
  for (const auto& [ifindex, record] : records.typed<std::uint32_t, abi::port_record>()) {
    bool is_xdp =
        record.device.state == abi::RECORD_COMPLETE && record.device.mode == abi::MODE_XDP;
    check_port(kernel, ifindex, is_xdp, broken);
  }
}

// interfaces.h: written last, removed first; so whoever is in it is ready, and its network exists.
void check_interfaces(const FakeKernel& kernel, Broken& broken) {
  const FakeTable& interfaces = kernel.fake_table(TableId::kInterfaces);
  const FakeTable& networks = kernel.fake_table(TableId::kNetworks);
  for (const auto& [ifindex, entry] : interfaces.typed<std::uint32_t, abi::interface>()) {
    bool is_port = entry.kind == abi::INTERFACE_PORT;
    if (is_port) check_port(kernel, ifindex, false, broken);
    std::string name = kernel.name_of(ifindex);
    if (is_port && !networks.raw().contains(to_bytes(entry.network))) {
      broken.insert("the interfaces entry of " + name + " is of no network");
    }
    const FakeDevice* device = device_at(kernel, ifindex);
    Program program = is_port ? Program::kTcFromVm : Program::kTcFromUplink;
    if (device && !runs(kernel, *device, Hook::kTcIngress, program)) {
      broken.insert("the interfaces entry of " + name + " has no program");
    }
  }
}

// A VID that a network owns never reaches the host stack; a VID nobody can filter is owned by
// nobody.
void check_vlans(const FakeKernel& kernel, Broken& broken) {
  const FakeTable& records = kernel.fake_table(TableId::kUplinkRecords);
  const FakeTable& networks = kernel.fake_table(TableId::kNetworks);
  const FakeTable& vlans = kernel.fake_table(TableId::kVlans);
  for (const auto& [key, network] : vlans.typed<abi::vlan_key, std::uint32_t>()) {
    const FakeDevice* device = device_at(kernel, key.uplink);
    std::string what = "VID " + std::to_string(key.vid) + " of " + kernel.name_of(key.uplink);
    if (!networks.raw().contains(to_bytes(network))) broken.insert(what + " is of no network");
    if (!device) continue;
    auto record = records.raw().find(to_bytes(key.uplink));
    if (record == records.raw().end()) {
      broken.insert(what + " is owned, but there is no uplink");
      continue;
    }
    if (!runs(kernel, *device, Hook::kTcIngress, Program::kTcFromUplink)) {
      broken.insert(what + " is owned without the uplink's tc program");
    }
    auto uplink = from_bytes<abi::uplink_record>(record->second);
    bool is_xdp =
        uplink.device.state == abi::RECORD_COMPLETE && uplink.device.mode == abi::MODE_XDP;
    if (is_xdp && !runs(kernel, *device, Hook::kXdp, Program::kXdpFromUplink)) {
      broken.insert(what + " is owned without the uplink's XDP program");
    }
  }
}

// A network never speaks of a gateway it does not have: its programs would answer for none.
void check_gateways(const FakeKernel& kernel, Broken& broken) {
  const FakeTable& networks = kernel.fake_table(TableId::kNetworks);
  const FakeTable& gateways = kernel.fake_table(TableId::kGateways);
  for (const auto& [id, network] : networks.typed<std::uint32_t, abi::network>())
    if (network.flags & abi::NETWORK_GATEWAY && !gateways.raw().contains(to_bytes(id)))
      broken.insert("network " + std::to_string(id) + " has a gateway without an address");
}

// What a killed command leaves must be found again: a pin without a record is lost for ever.
void check_pins(const FakeKernel& kernel, Broken& broken) {
  const FakeTable& ports = kernel.fake_table(TableId::kPortRecords);
  const FakeTable& uplinks = kernel.fake_table(TableId::kUplinkRecords);
  for (const auto& [where, pin] : kernel.pins()) {
    Bytes key = to_bytes(where.first);
    if (ports.raw().contains(key) || uplinks.raw().contains(key)) continue;
    broken.insert("the " + to_text(pin.program) + " of " + kernel.name_of(where.first) +
                  " has no record");
  }
}

}  // namespace

std::set<std::string> broken_invariants(const FakeKernel& kernel) {
  Broken broken;
  if (!kernel.is_loaded()) return broken;
  check_ports(kernel, broken);
  check_interfaces(kernel, broken);
  check_vlans(kernel, broken);
  check_gateways(kernel, broken);
  check_pins(kernel, broken);
  return broken;
}

}  // namespace xvnet::test
