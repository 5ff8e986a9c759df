// SPDX-License-Identifier: BSD-2-Clause
//
// The devices of a FakeHost, and the events outside xvnet that change them.
#include <stdexcept>

#include "fake_host.h"

namespace xvnet::test {
namespace {

constexpr std::uint32_t kEthernetMtu = 1500;
constexpr FeatureState kOn{.is_on = true, .is_fixed = false};
constexpr FeatureState kOff{.is_on = false, .is_fixed = false};

Mac mac_for(std::uint64_t birth) {
  return {0x02, 0, 0, 0, static_cast<std::uint8_t>(birth >> 8), static_cast<std::uint8_t>(birth)};
}

}  // namespace

FakeDevice& FakeHost::add(const std::string& name, LinkKind kind) {
  if (has(name)) throw std::logic_error(name + " exists");
  std::uint32_t ifindex = next_ifindex_++;
  FakeDevice& device = devices_[ifindex];
  device.birth = ++births_;
  device.link.ifindex = ifindex;
  device.link.name = name;
  device.link.kind = kind;
  device.link.mac = mac_for(device.birth);
  device.link.mtu = kEthernetMtu;
  device.link.has_carrier = true;
  return device;
}

FakeDevice& FakeHost::add_tap(const std::string& name) {
  FakeDevice& device = add(name, LinkKind::kTap);
  device.link.driver = "tun";
  device.link.is_open = true;
  device.xdp = {.native = true, .redirect_target = true};
  return device;
}

void FakeHost::add_veth_pair(const std::string& name, const std::string& peer) {
  for (const std::string& end : {name, peer}) {
    FakeDevice& device = add(end, LinkKind::kVeth);
    device.link.driver = "veth";
    device.xdp = {.native = true, .redirect_target = true};
    device.features = {{Feature::kTxVlanCtag, kOn},
                       {Feature::kTxVlanStag, kOn},
                       {Feature::kRxVlanCtag, kOn},
                       {Feature::kRxVlanStag, kOn}};
  }
  FakeDevice& one = device(name);
  FakeDevice& other = device(peer);
  one.peer = one.link.peer = other.link.ifindex;
  other.peer = other.link.peer = one.link.ifindex;
}

FakeDevice& FakeHost::add_veth(const std::string& name, const std::string& peer) {
  add_veth_pair(name, peer);
  return device(name);
}

FakeDevice& FakeHost::add_nic(const std::string& name) {
  FakeDevice& device = add(name, LinkKind::kOther);
  device.link.driver = "ixgbe";
  device.link.is_up = true;
  device.xdp = {.native = true, .redirect_target = true};
  device.features = {{Feature::kRxVlanCtag, kOn},
                     {Feature::kRxVlanStag, kOff},
                     {Feature::kRxVlanFilter, kOn},
                     {Feature::kTxVlanCtag, kOn}};
  return device;
}

FakeDevice& FakeHost::device(const std::string& name) {
  for (auto& [ifindex, device] : devices_) {
    if (device.link.name == name) return device;
  }
  throw std::logic_error("no device " + name);
}

bool FakeHost::has(const std::string& name) const { return find(std::string_view(name)); }

void FakeHost::drop_device(std::uint32_t ifindex) {
  const FakeDevice* device = find(ifindex);
  if (!device) return;
  std::uint32_t peer = device->peer;
  devices_.erase(ifindex);
  // The kernel removes a deleted device from every devmap (maps/tables.def).
  tables_.at(TableId::kDevices)->drop(to_bytes(ifindex));
  if (peer) drop_device(peer);
}

void FakeHost::remove(const std::string& name) { drop_device(device(name).link.ifindex); }

void FakeHost::recreate(const std::string& name) {
  bool is_tap = device(name).link.kind == LinkKind::kTap;
  remove(name);
  is_tap ? add_tap(name) : add_nic(name);
}

void FakeHost::recreate_with_same_ifindex(const std::string& name) {
  std::uint32_t ifindex = device(name).link.ifindex;
  recreate(name);
  FakeDevice fresh = device(name);
  drop_device(fresh.link.ifindex);
  fresh.link.ifindex = ifindex;
  devices_[ifindex] = fresh;
}

void FakeHost::evict(const std::string& name, Hook hook) {
  pins_.erase({device(name).link.ifindex, hook});
}

void FakeHost::lose(TableId table) {
  tables_.at(table)->reset();
  lost_.insert(table);
}

void FakeHost::lose_pins() {
  pins_.clear();
  for (auto& [id, table] : tables_) table->reset();
  is_loaded_ = false;
  continued_builds_.clear();
}

void FakeHost::vanish_at(int n, const std::string& name) {
  calls_ = 0;
  vanish_at_ = n;
  vanishing_ = name;
}

// A device may vanish during a query too, so const calls can also let it vanish.
void FakeHost::let_vanish() const {
  if (++calls_ != vanish_at_ || !has(vanishing_)) return;
  const_cast<FakeHost*>(this)->remove(vanishing_);
}

Result<std::string> FakeHost::host_use(std::uint32_t ifindex) const {
  const FakeDevice* device = find(ifindex);
  if (!device || device->addresses.empty()) return std::string();
  return "it has the address " + *device->addresses.begin();
}

Result<std::vector<std::uint32_t>> FakeHost::default_route_devices() const {
  std::vector<std::uint32_t> devices;
  if (has_default_route_)
    for (const auto& [ifindex, device] : devices_) devices.push_back(ifindex);
  return devices;
}

Result<std::string> FakeHost::other_instance(std::uint32_t ifindex) const {
  const FakeDevice* device = find(ifindex);
  return device ? device->other_instance : std::string();
}

void FakeHost::leave(const std::string& name, Hook hook, FilterPart left) {
  pins_.at({device(name).link.ifindex, hook}).left = left;
}

FakeDevice* FakeHost::find(std::uint32_t ifindex) {
  auto device = devices_.find(ifindex);
  return device == devices_.end() ? nullptr : &device->second;
}

const FakeDevice* FakeHost::find(std::uint32_t ifindex) const {
  auto device = devices_.find(ifindex);
  return device == devices_.end() ? nullptr : &device->second;
}

const FakeDevice* FakeHost::find(std::string_view name) const {
  for (const auto& [ifindex, device] : devices_) {
    if (device.link.name == name) return &device;
  }
  return nullptr;
}

std::string FakeHost::name_of(std::uint32_t ifindex) const {
  const FakeDevice* device = find(ifindex);
  return device ? device->link.name : "#" + std::to_string(ifindex);
}

}  // namespace xvnet::test
