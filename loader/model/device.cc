// SPDX-License-Identifier: BSD-2-Clause
#include "loader/model/device.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "loader/base/text.h"

namespace xvnet {
namespace {

struct Restorable {
  Feature feature;
  std::uint32_t flag;
};

constexpr std::array kRestorable = {
    Restorable{Feature::kRxVlanCtag, abi::RESTORE_RX_VLAN_CTAG},
    Restorable{Feature::kRxVlanStag, abi::RESTORE_RX_VLAN_STAG},
    Restorable{Feature::kRxVlanFilter, abi::RESTORE_RX_VLAN_FILTER},
};

constexpr std::array kPeerRestorable = {
    Restorable{Feature::kTxVlanCtag, abi::RESTORE_PEER_TX_VLAN_CTAG},
    Restorable{Feature::kTxVlanStag, abi::RESTORE_PEER_TX_VLAN_STAG},
};

std::uint32_t flag_of(std::span<const Restorable> restorables, Feature feature) {
  for (const auto& restorable : restorables)
    if (restorable.feature == feature) return restorable.flag;
  return 0;
}

}  // namespace

abi::device_kind device_kind_of(const Link& link) {
  switch (link.kind) {
    case LinkKind::kTap:
      return abi::DEVICE_TAP;
    case LinkKind::kVeth:
      return abi::DEVICE_VETH;
    default:
      return abi::DEVICE_OTHER;
  }
}

namespace {

std::uint16_t record_mode(Mode mode) {
  return mode == Mode::kXdp ? abi::MODE_XDP : mode == Mode::kTc ? abi::MODE_TC : abi::MODE_AUTO;
}

}  // namespace

Mode mode_of(std::uint16_t record_mode) {
  return record_mode == abi::MODE_XDP  ? Mode::kXdp
         : record_mode == abi::MODE_TC ? Mode::kTc
                                       : Mode::kAuto;
}

std::uint16_t mac_tail(const Link& link) {
  std::uint16_t tail = 0;
  std::memcpy(&tail, link.mac.data() + link.mac.size() - sizeof tail, sizeof tail);
  return tail;
}

bool is_as_recorded(const Link& link, const abi::device_record& record) {
  const bool has_its_mac = record.mac_tail && record.mac_tail == mac_tail(link);
  return device_kind_of(link) == record.kind && (link.name == text_of(record.name) || has_its_mac);
}

Result<Presence> presence_of(const Host& host, std::uint32_t ifindex,
                             const abi::device_record& record) {
  XVNET_ASSIGN(link, host.find_link(ifindex));
  if (!link) return Presence::kGone;
  XVNET_ASSIGN(attachment, host.attachment(ifindex, Hook::kTcIngress));
  if (attachment == Attachment::kOrphaned) return Presence::kReplaced;
  if (runs(attachment)) return Presence::kHere;
  // Attach or detach was interrupted, or the filter was removed. A device that was renamed since is
  // recognized by its MAC.
  return is_as_recorded(*link, record) ? Presence::kHere : Presence::kReplaced;
}

Result<bool> is_device(const Host& host, std::uint32_t ifindex, const abi::device_record& record,
                       std::string_view name, const std::optional<Link>& named) {
  if (named && named->ifindex == ifindex) return true;
  if (text_of(record.name) != name) return false;
  XVNET_ASSIGN(presence, presence_of(host, ifindex, record));
  return presence != Presence::kHere;
}

Result<std::string> present_name(const Host& host, std::uint32_t ifindex,
                                 const abi::device_record& record) {
  XVNET_ASSIGN(presence, presence_of(host, ifindex, record));
  if (presence != Presence::kHere) return text_of(record.name);
  XVNET_ASSIGN(link, host.find_link(ifindex));
  return link ? link->name : text_of(record.name);
}

Result<void> check_device(std::string_view doing, const Link& link) {
  if (link.is_loopback)
    return fail(fmt::format("{} {:?}: it is the loopback device", doing, link.name));
  if (!link.is_ethernet)
    return fail(fmt::format("{} {:?}: it is not an Ethernet device", doing, link.name),
                "a TUN device carries no Ethernet header: use a TAP");
  if (link.master)
    return fail(fmt::format("{} {:?}: it is a member of a bridge or bond", doing, link.name),
                fmt::format("take it out first: ip link set {} nomaster", link.name));
  return {};
}

Result<void> check_is_not_shared(const Host& host, std::string_view doing, const Link& link) {
  XVNET_ASSIGN(other, host.other_instance(link.ifindex));
  if (other.empty()) return {};
  return fail(fmt::format("{} {:?}: it belongs to instance {:?}", doing, link.name, other),
              fmt::format("detach it there first, with ‹instance› {}", other));
}

Result<void> check_is_not_hosts(const Host& host, std::string_view doing, const Link& link) {
  // Behind these devices is a VM, a container, or a wire. All other types (bridges, bonds, VLANs,
  // tunnels) carry frames of other devices or no Ethernet frames.
  static constexpr std::array<std::string_view, 4> kOfVms = {"", "tun", "veth", "netkit"};
  if (std::ranges::find(kOfVms, link.type) == kOfVms.end())
    return fail(
        fmt::format("{} {:?}: devices of type {} do not lead to VMs", doing, link.name, link.type),
        "use ‹force› to attach it nevertheless");
  XVNET_ASSIGN(use, host.host_use(link.ifindex));
  if (use.empty()) return {};
  return fail(fmt::format("{} {:?}: the host uses it: {}", doing, link.name, use),
              "the host cannot use a device that is a port; use ‹force› to attach it nevertheless");
}

abi::device_record make_device_record(const Link& link, const ModeChoice& choice, Mode asked) {
  abi::device_record record{};
  set_text(record.name, link.name);
  set_text(record.why, choice.why);
  record.kind = device_kind_of(link);
  record.state = abi::RECORD_INCOMPLETE;
  record.mode = record_mode(choice.mode);
  record.mode_asked = record_mode(asked);
  record.owner = kNoOwner;
  record.mac_tail = mac_tail(link);
  return record;
}

Result<void> attach_programs(Change& change, std::uint32_t ifindex, const ProgramSet& programs,
                             const abi::device_record& record) {
  const bool share = record.flags & abi::RECORD_SHARED_XDP;
  XVNET_TRY(change.attach(programs.ingress, ifindex, Hook::kTcIngress, false));
  if (programs.egress) XVNET_TRY(change.attach(*programs.egress, ifindex, Hook::kTcEgress, false));
  if (record.mode == abi::MODE_XDP)
    XVNET_TRY(change.attach(programs.xdp, ifindex, Hook::kXdp, share));
  return {};
}

Result<void> detach_programs(Change& change, std::uint32_t ifindex, const ProgramSet& programs,
                             const abi::device_record& record) {
  const bool share = record.flags & abi::RECORD_SHARED_XDP;
  XVNET_TRY(change.detach(programs.xdp, ifindex, Hook::kXdp, share));
  if (programs.egress) XVNET_TRY(change.detach(*programs.egress, ifindex, Hook::kTcEgress, false));
  return change.detach(programs.ingress, ifindex, Hook::kTcIngress, false);
}

std::uint32_t restore_flags(const ModeChoice& choice) {
  std::uint32_t flags = 0;
  for (Feature feature : choice.features_off) flags |= flag_of(kRestorable, feature);
  for (Feature feature : choice.peer_features_off) flags |= flag_of(kPeerRestorable, feature);
  return flags;
}

Result<void> add_vlan_filter(const Host& host, const Link& uplink, ModeChoice& choice) {
  XVNET_ASSIGN(filter, host.feature(uplink.ifindex, Feature::kRxVlanFilter));
  if (filter.is_on && !filter.is_fixed) choice.features_off.push_back(Feature::kRxVlanFilter);
  return {};
}

Result<void> turn_off_features(Change& change, std::uint32_t ifindex, const ModeChoice& choice) {
  for (Feature feature : choice.features_off)
    XVNET_TRY(change.set_feature(ifindex, feature, false));
  for (Feature feature : choice.peer_features_off)
    XVNET_TRY(change.set_peer_feature(ifindex, feature, false));
  return {};
}

Result<void> restore_features(Change& change, std::uint32_t ifindex,
                              const abi::device_record& record) {
  std::uint32_t peer_flags = 0;
  for (const auto& [feature, flag] : kRestorable)
    if (record.restore & flag) XVNET_TRY(change.set_feature(ifindex, feature, true));
  for (const auto& [feature, flag] : kPeerRestorable) peer_flags |= record.restore & flag;
  if (!peer_flags) return {};
  // A peer in an unreachable namespace keeps its features. This must not prevent the removal of the
  // port.
  const auto peer = change.host().veth_peer(ifindex);
  if (!peer) return change.unless_gone(ifindex, std::unexpected(peer.error()));
  if (!peer->is_reachable) return {};
  for (const auto& [feature, flag] : kPeerRestorable)
    if (peer_flags & flag)
      XVNET_TRY(change.unless_peer_gone(ifindex, change.set_peer_feature(ifindex, feature, true)));
  return {};
}

std::uint32_t mtu_of(const abi::device_record& record, const Link& link) {
  return record.mtu ? record.mtu : link.mtu;
}

void remember_device(abi::device_record& record, const Link& link) {
  if (record.mtu) record.former_mtu = static_cast<std::uint16_t>(link.mtu);
  if (link.noise.has_arp) record.restore |= abi::RESTORE_ARP;
  if (!link.noise.has_ipv6) return;
  if (*link.noise.has_ipv6) record.restore |= abi::RESTORE_IPV6;
  record.restore |= abi::RESTORE_ADDRESS_MODE;
  record.restore |= (std::uint32_t{link.noise.address_mode} & RESTORE_ADDRESS_MODE_MASK)
                    << RESTORE_ADDRESS_MODE_SHIFT;
}

// Sets the MTU first, because the kernel may enable IPv6 when the MTU grows.
Result<void> prepare_device(Change& change, const Link& link, const abi::device_record& record) {
  XVNET_TRY(change.set_mtu(link, mtu_of(record, link)));
  return change.disable_host_stack(link);
}

namespace {

// The ARP and IPv6 settings to restore. A setting that differs from the port's was changed by the
// operator, so it stays.
Noise previous_noise(const abi::device_record& record, const Noise& now) {
  Noise noise = now;
  const bool is_off = !now.has_ipv6.value_or(false);
  if (record.restore & abi::RESTORE_NOISE)
    return {.has_arp = true,
            .has_ipv6 = true,
            .address_mode = is_off ? std::uint8_t{0} : now.address_mode};
  if (record.restore & abi::RESTORE_ARP) noise.has_arp = true;
  if (!(record.restore & abi::RESTORE_ADDRESS_MODE)) return noise;
  if (is_off) noise.has_ipv6 = (record.restore & abi::RESTORE_IPV6) != 0;
  if (!now.has_ipv6 || now.address_mode == kNoAddress)
    noise.address_mode = static_cast<std::uint8_t>(record.restore >> RESTORE_ADDRESS_MODE_SHIFT &
                                                   RESTORE_ADDRESS_MODE_MASK);
  return noise;
}

}  // namespace

Result<void> restore_device(Change& change, const Link& link, const abi::device_record& record) {
  const Noise previous = previous_noise(record, link.noise);
  if (!record.former_mtu || link.mtu != record.mtu) return change.set_noise(link, previous);
  // Turn ARP on first: without ARP, IPv6 that comes with the MTU skips duplicate address detection
  // (accept_dad).
  Noise with_arp = link.noise;
  with_arp.has_arp = true;
  XVNET_TRY(change.set_noise(link, with_arp));
  XVNET_TRY(change.set_mtu(link, record.former_mtu));
  XVNET_ASSIGN(now, change.host().find_link(link.ifindex));
  return now ? change.set_noise(*now, previous) : Result<void>{};
}

Result<void> add_learner(Change& change, std::uint32_t network, std::uint32_t ifindex,
                         std::uint32_t limit) {
  auto& learners = change.tables().learners;
  const abi::learner_key key{network, ifindex};
  XVNET_ASSIGN(existing, learners.find(key));
  if (existing && existing->limit == limit) return {};
  abi::learner learner{};
  learner.limit = limit;
  return change.put(learners, key, learner);
}

namespace {

std::uint64_t slot_of(const abi::fdb_key& key) {
  std::uint64_t mac = 0;
  std::memcpy(&mac, key.mac, sizeof key.mac);
  return mac;
}

}  // namespace

// A running program that has looked up the old learner may still claim a slot above the new limit.
// Wait for such programs, then erase the FDB entries whose slot does not hold their MAC.
Result<void> resize_learner(Change& change, std::uint32_t network, std::uint32_t ifindex,
                            std::uint32_t limit) {
  auto& tables = change.tables();
  const abi::learner_key owner{network, ifindex};
  XVNET_ASSIGN(learner, tables.learners.find(owner));
  if (!learner) return add_learner(change, network, ifindex, limit);
  if (learner->limit == limit) return {};
  learner->limit = limit;
  learner->hand = 0;
  std::fill(learner->slots + limit, std::end(learner->slots), 0);
  XVNET_TRY(change.put(tables.learners, owner, *learner));
  change.wait_for_programs();
  XVNET_ASSIGN(entries, tables.fdb.entries());
  for (const auto& [key, entry] : entries) {
    const bool is_learned_here = key.network == network && entry.ifindex == ifindex &&
                                 entry.slot < std::size(learner->slots);
    if (is_learned_here && learner->slots[entry.slot] != slot_of(key))
      XVNET_TRY(change.erase(tables.fdb, key));
  }
  return {};
}

Result<void> remove_learner(Change& change, std::uint32_t network, std::uint32_t ifindex) {
  auto& tables = change.tables();
  const abi::learner_key owner{network, ifindex};
  XVNET_ASSIGN(learner, tables.learners.find(owner));
  if (!learner) return {};
  for (const std::uint64_t mac : learner->slots) {
    if (!mac) continue;
    abi::fdb_key key{.network = network, .mac = {}, .pad = 0};
    std::memcpy(key.mac, &mac, sizeof key.mac);
    XVNET_ASSIGN(entry, tables.fdb.find(key));
    if (entry && entry->ifindex == ifindex) XVNET_TRY(change.erase(tables.fdb, key));
  }
  return change.erase(tables.learners, owner);
}

}  // namespace xvnet
