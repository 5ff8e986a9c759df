// SPDX-License-Identifier: BSD-2-Clause
//
// The devices of FakeHost.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "fake_host.h"
#include "loader/base/text.h"

namespace xvnet::test {

namespace {

constexpr std::uint32_t kMinIpv6Mtu = 1280;  // RFC 8200, 5

}  // namespace

Result<std::optional<Link>> FakeHost::find_link(std::string_view name) const {
  let_vanish();
  const FakeDevice* device = find(name);
  return device ? std::optional(device->link) : std::nullopt;
}

Result<std::optional<Link>> FakeHost::find_link(std::uint32_t ifindex) const {
  let_vanish();
  const FakeDevice* device = find(ifindex);
  return device ? std::optional(device->link) : std::nullopt;
}

Result<Link> FakeHost::create_tap(const TapSpec& spec) {
  XVNET_TRY(step("create_tap " + spec.name, [&]() -> Result<void> {
    if (find(spec.name)) return fail_errno(EEXIST, "creating " + spec.name);
    FakeDevice& device = add_tap(spec.name);
    device.link.owner = spec.owner.value_or(0);
    device.link.is_multi_queue = spec.queues > 1;
    device.link.has_carrier = device.link.is_open = false;  // no VM has opened the TAP yet
    return {};
  }));
  return find(spec.name)->link;
}

Result<void> FakeHost::create_veth(std::string_view name, std::string_view peer) {
  std::string both = std::string(name) + " " + std::string(peer);
  return step("create_veth " + both, [&]() -> Result<void> {
    if (find(name) || find(peer)) return fail_errno(EEXIST, "creating " + both);
    add_veth_pair(std::string(name), std::string(peer));
    return {};
  });
}

Result<void> FakeHost::delete_link(std::uint32_t ifindex) {
  return on_device("delete_link %", ifindex, [&](FakeDevice&) -> Result<void> {
    drop_device(ifindex);
    return {};
  });
}

Result<bool> FakeHost::delete_unless_open(std::uint32_t ifindex) {
  let_vanish();
  const FakeDevice* device = find(ifindex);
  if (device && device->link.is_open) return false;
  XVNET_TRY(delete_link(ifindex));
  return true;
}

Result<void> FakeHost::set_name(std::uint32_t ifindex, std::string_view name) {
  return on_device(fmt::format("set_name % {}", name), ifindex, [&](FakeDevice& device) {
    if (find(name)) return Result<void>(fail_errno(EEXIST, "renaming"));
    if (device.link.is_up) return Result<void>(fail_errno(EBUSY, "renaming"));
    device.link.name = name;
    return Result<void>();
  });
}

Result<void> FakeHost::set_alias(std::uint32_t ifindex, std::string_view alias) {
  return on_device(fmt::format("set_alias % \"{}\"", alias), ifindex, [&](FakeDevice& device) {
    device.link.alias = alias;
    return Result<void>();
  });
}

Result<void> FakeHost::set_up(std::uint32_t ifindex, bool up) {
  return on_device(fmt::format("set_up % {}", up), ifindex, [&](FakeDevice& device) {
    device.link.is_up = up;
    return Result<void>();
  });
}

Result<void> FakeHost::set_mtu(std::uint32_t ifindex, std::uint32_t mtu) {
  return on_device("set_mtu % " + std::to_string(mtu), ifindex, [&](FakeDevice& device) {
    const bool had_ipv6 = device.link.mtu >= kMinIpv6Mtu;
    device.link.mtu = mtu;
    if (mtu >= kMinIpv6Mtu && had_ipv6) return Result<void>();
    device.link.noise.has_ipv6 = mtu < kMinIpv6Mtu ? std::nullopt : Noise{}.has_ipv6;
    device.link.noise.address_mode = Noise{}.address_mode;
    return Result<void>();
  });
}

Result<void> FakeHost::set_promiscuous(std::uint32_t ifindex, bool on) {
  return on_device(fmt::format("set_promiscuous % {}", on), ifindex, [&](auto& device) {
    device.link.is_promiscuous = on;
    return Result<void>();
  });
}

Result<void> FakeHost::set_noise(std::uint32_t ifindex, const Noise& noise) {
  return on_device(fmt::format("silence % {}", noise == kSilence), ifindex,
                   [&](FakeDevice& device) {
                     device.link.noise.has_arp = noise.has_arp;
                     if (!noise.has_ipv6 || !device.link.noise.has_ipv6) return Result<void>();
                     device.link.noise = noise;
                     return Result<void>();
                   });
}

Result<void> FakeHost::set_backstop(std::uint32_t ifindex, bool on) {
  return step(fmt::format("backstop {} {}", name_of(ifindex), on), [&]() -> Result<void> {
    FakeDevice* device = find(ifindex);
    if (!device && on) return fail_errno(ENODEV, "add a backstop");
    if (device) device->has_backstop = on;
    return {};
  });
}

Result<bool> FakeHost::lacks_backstop(std::uint32_t ifindex) const {
  const FakeDevice* device = find(ifindex);
  return !device || !device->has_backstop;
}

Result<void> FakeHost::guard(std::uint32_t ifindex, HostAddresses addresses) {
  const char* kind = addresses == HostAddresses::kIpv4Only ? "ipv4" : "ipv6";
  return on_device(fmt::format("guard % {}", kind), ifindex, [&](FakeDevice& device) {
    device.guarded = addresses;
    return Result<void>();
  });
}

Result<std::vector<std::string>> FakeHost::unguarded(std::uint32_t ifindex,
                                                     HostAddresses addresses) const {
  const FakeDevice* device = find(ifindex);
  if (!device) return fail_errno(ENODEV, "reading settings");
  if (device->guarded == addresses) return std::vector<std::string>{};
  return std::vector{fmt::format("net.ipv4.conf.{}.arp_ignore", device->link.name)};
}

Result<void> FakeHost::add_address(std::uint32_t ifindex, std::string_view cidr) {
  const FakeDevice* owner = find(ifindex);
  if (owner && owner->addresses.contains(std::string(cidr))) return {};  // no change, so no step
  return on_device("add_address % " + std::string(cidr), ifindex, [&](FakeDevice& device) {
    device.addresses.insert(std::string(cidr));
    return Result<void>();
  });
}

Result<void> FakeHost::remove_address(std::uint32_t ifindex, std::string_view cidr) {
  return on_device("remove_address % " + std::string(cidr), ifindex, [&](FakeDevice& device) {
    device.addresses.erase(std::string(cidr));
    return Result<void>();
  });
}

Result<std::vector<InterfaceAddress>> FakeHost::ipv4_addresses(std::uint32_t ifindex) const {
  let_vanish();
  const FakeDevice* device = find(ifindex);
  if (!device) return std::vector<InterfaceAddress>{};
  std::vector<InterfaceAddress> addresses;
  for (const std::string& cidr : device->addresses) {
    const auto slash = cidr.find('/');
    const auto address = parse_ipv4(cidr.substr(0, slash));
    const auto prefix = static_cast<std::uint32_t>(std::stoul(cidr.substr(slash + 1)));
    if (address) addresses.push_back({*address, prefix});
  }
  return addresses;
}

Result<void> FakeHost::set_forwarding(std::uint32_t ifindex, bool on) {
  return on_device(fmt::format("set_forwarding % {}", on), ifindex, [&](FakeDevice& device) {
    device.link.forwards = on;
    return Result<void>();
  });
}

Result<bool> FakeHost::has_address(std::uint32_t ifindex, std::string_view cidr) const {
  const FakeDevice* device = find(ifindex);
  return device && device->addresses.contains(std::string(cidr));
}

Result<std::string> FakeHost::address_holder(const abi::address& address) const {
  char text[INET6_ADDRSTRLEN];
  const auto ipv4 = ipv4_of(address);
  const std::string wanted =
      ipv4 ? format_ipv4(*ipv4) : inet_ntop(AF_INET6, &address, text, sizeof text);
  for (const auto& [ifindex, device] : devices_)
    for (const auto& cidr : device.addresses)
      if (cidr.starts_with(wanted + "/")) return device.link.name;
  return std::string();
}

Result<std::optional<Mac>> FakeHost::probe_address(std::uint32_t, Ipv4 address) const {
  if (answered_ != address) return std::nullopt;
  return Mac{0x02, 0, 0, 0, 0xee, 0xee};
}

Result<void> FakeHost::set_master(std::uint32_t ifindex, std::uint32_t master) {
  return on_device(fmt::format("set_master % {}", master), ifindex, [&](FakeDevice& device) {
    device.link.master = master;
    return Result<void>();
  });
}

Result<void> FakeHost::set_accept_local(std::uint32_t ifindex, bool on) {
  return on_device(fmt::format("set_accept_local % {}", on), ifindex, [&](FakeDevice& device) {
    device.link.accepts_local = on;
    return Result<void>();
  });
}

Result<void> FakeHost::announce_address(std::uint32_t ifindex, Ipv4 address) {
  if (refuses_announcements_) return fail_errno(EPERM, "announcing " + format_ipv4(address));
  announcements_.push_back(name_of(ifindex) + " " + format_ipv4(address));
  return {};
}

Result<PortSet> FakeHost::ports_in_use(Transport transport, Ipv4) const {
  PortSet ports;
  for (const auto& [kind, port] : sockets_)
    if (kind == transport) ports.set(port);
  return ports;
}

Result<void> FakeHost::set_reserved_ports(const PortSet& ports) {
  return step("reserve " + format_ports(ports), [&] {
    reserved_ports_ = ports;
    return Result<void>();
  });
}

namespace {

FeatureState feature_of(const FakeDevice& device, Feature feature) {
  const auto state = device.features.find(feature);
  return state == device.features.end() ? FeatureState{.is_on = false, .is_fixed = true}
                                        : state->second;
}

}  // namespace

Result<FeatureState> FakeHost::feature(std::uint32_t ifindex, Feature feature) const {
  let_vanish();
  const FakeDevice* device = find(ifindex);
  if (!device) return fail_errno(ENODEV, "reading features");
  return feature_of(*device, feature);
}

Result<void> FakeHost::change_feature(FakeDevice& device, Feature feature, bool on) {
  auto state = device.features.find(feature);
  bool is_on = state != device.features.end() && state->second.is_on;
  if (is_on == on) return {};
  if (state == device.features.end() || state->second.is_fixed) {
    return fail_errno(EOPNOTSUPP, "changing a fixed feature of " + device.link.name);
  }
  state->second.is_on = on;
  return {};
}

Result<void> FakeHost::set_feature(std::uint32_t ifindex, Feature feature, bool on) {
  return on_device(fmt::format("set_feature % {} {}", to_text(feature), on), ifindex,
                   [&](FakeDevice& device) { return change_feature(device, feature, on); });
}

Result<VethPeer> FakeHost::veth_peer(std::uint32_t ifindex) const {
  let_vanish();
  const FakeDevice* device = find(ifindex);
  if (!device || device->link.kind != LinkKind::kVeth)
    return fail("reading a veth's peer: no veth");
  const FakeDevice* peer = find(device->peer);
  if (!peer || !device->peer_is_reachable) return VethPeer{};
  VethPeer answer;
  answer.is_reachable = true;
  answer.receives_xdp = !peer->foreign_xdp.empty();
  answer.tx_vlan_ctag = feature_of(*peer, Feature::kTxVlanCtag);
  answer.tx_vlan_stag = feature_of(*peer, Feature::kTxVlanStag);
  return answer;
}

Result<void> FakeHost::set_peer_feature(std::uint32_t ifindex, Feature feature, bool on) {
  return on_device(fmt::format("set_peer_feature % {} {}", to_text(feature), on), ifindex,
                   [&](FakeDevice& device) -> Result<void> {
                     FakeDevice* peer = find(device.peer);
                     if (!peer || !device.peer_is_reachable) return fail("no reachable peer");
                     return change_feature(*peer, feature, on);
                   });
}

Result<XdpSupport> FakeHost::xdp_support(const Link& link) const {
  let_vanish();
  const FakeDevice* device = find(link.ifindex);
  if (!device) return fail_errno(ENODEV, "reading XDP support");
  return device->xdp;
}

Result<std::string> FakeHost::foreign_xdp(std::uint32_t ifindex) const {
  let_vanish();
  const FakeDevice* device = find(ifindex);
  if (!device) return fail_errno(ENODEV, "reading XDP programs");
  return device->foreign_xdp;
}

}  // namespace xvnet::test
