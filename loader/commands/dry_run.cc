// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/dry_run.h"

#include <fmt/format.h>

#include "loader/base/tables.h"
#include "loader/base/text.h"

namespace xvnet {
namespace {

// Above every ifindex that the kernel assigns in practice.
constexpr std::uint32_t kFirstMadeIfindex = 0x40000000;
constexpr std::uint32_t kDefaultMtu = 1500;
constexpr const char* kLoadStep = "load and pin the programs and tables of the instance";

const char* on_or_off(bool on) { return on ? "on" : "off"; }

}  // namespace

DryRun::DryRun(Host& host)
    : host_(&host),
      tables_(steps_, [this](std::uint32_t ifindex) { return name_of(ifindex); }),
      next_ifindex_(kFirstMadeIfindex) {}

void DryRun::record_step(std::string line) { steps_.push_back(std::move(line)); }

Result<void> DryRun::open_for_change() {
  XVNET_ASSIGN(exists, open_for_reading());
  if (!exists) record_step(kLoadStep);
  return {};
}

Result<bool> DryRun::open_for_reading() {
  XVNET_ASSIGN(exists, host_->open_for_reading());
  exists_ = exists;
  tables_.make(exists ? host_ : nullptr);
  return exists;
}

Result<void> DryRun::open_remains(Opening) {
  XVNET_TRY(host_->open_remains(Opening::kForReading));
  exists_ = true;
  tables_.make(host_);
  return {};
}

// The wrapped kernel still has what the dry run removed.
Result<std::vector<Remnant>> DryRun::remnants() const {
  XVNET_ASSIGN(all, host_->remnants());
  std::vector<Remnant> left;
  for (const Remnant& each : all) {
    const auto backstop = backstops_.find(each.ifindex);
    XVNET_ASSIGN(ingress, attachment(each.ifindex, Hook::kTcIngress));
    XVNET_ASSIGN(egress, attachment(each.ifindex, Hook::kTcEgress));
    const bool is_removed = backstop != backstops_.end() && !backstop->second;
    if (runs(ingress) || runs(egress) || (each.program == Program::kTcFromVm && !is_removed))
      left.push_back(each);
  }
  return left;
}

RawTable& DryRun::table(TableId id) { return tables_.at(id); }

Result<void> DryRun::remove_pins() {
  if (!exists_) {
    std::erase(steps_, kLoadStep);
  } else {
    record_step("remove the pins of the instance");
  }
  return {};
}

Result<bool> DryRun::open_for_upgrade() {
  XVNET_ASSIGN(exists, open_for_reading());
  if (!exists) return false;
  Table<std::uint32_t, abi::meta> meta(table(TableId::kMeta));
  XVNET_ASSIGN(entry, meta.find(0));
  is_upgrade_ = !entry || text_of(entry->build) != host_->build();
  if (is_upgrade_) record_step("load the programs");
  return true;
}

Result<void> DryRun::revert_upgrade(std::span<const Placement>) {
  steps_.clear();
  return {};
}

Result<std::optional<Link>> DryRun::find_link(std::string_view name) const {
  for (const auto& [ifindex, link] : links_)
    if (link && link->name == name) return link;
  XVNET_ASSIGN(link, host_->find_link(name));
  if (link && links_.contains(link->ifindex)) return std::nullopt;  // deleted or renamed here
  return link;
}

Result<std::optional<Link>> DryRun::find_link(std::uint32_t ifindex) const {
  const auto changed = links_.find(ifindex);
  if (changed != links_.end()) return changed->second;
  return host_->find_link(ifindex);
}

Result<Link> DryRun::link_of(std::uint32_t ifindex) const {
  XVNET_ASSIGN(link, find_link(ifindex));
  if (!link) return fail(fmt::format("find device {}: it does not exist", ifindex));
  return *link;
}

std::string DryRun::name_of(std::uint32_t ifindex) const {
  const auto link = find_link(ifindex);
  return link && *link ? (*link)->name : fmt::format("device {}", ifindex);
}

Link DryRun::make_link(std::string_view name, LinkKind kind) {
  Link link;
  link.ifindex = next_ifindex_++;
  link.name = name;
  link.kind = kind;
  link.mtu = kDefaultMtu;
  link.driver = kind == LinkKind::kTap ? "tun" : "veth";
  links_[link.ifindex] = link;
  for (const Hook hook : {Hook::kXdp, Hook::kTcIngress, Hook::kTcEgress})
    attachments_[{link.ifindex, hook}] = Attachment::kNone;
  return link;
}

Result<Link> DryRun::create_tap(const TapSpec& spec) {
  std::string details;
  if (spec.owner) details += fmt::format(" for uid {}", *spec.owner);
  if (spec.queues > 1) details += fmt::format(" with {} queues", spec.queues);
  record_step(fmt::format("create tap {}{}", spec.name, details));
  auto link = make_link(spec.name, LinkKind::kTap);
  link.is_multi_queue = spec.queues > 1;
  link.owner = spec.owner.value_or(0);
  links_[link.ifindex] = link;
  return link;
}

Result<void> DryRun::create_veth(std::string_view name, std::string_view peer) {
  record_step(fmt::format("create veth {} with peer {}", name, peer));
  const std::uint32_t first = next_ifindex_;
  for (const auto end : {name, peer}) {
    const auto link = make_link(end, LinkKind::kVeth);
    links_[link.ifindex]->peer = link.ifindex == first ? first + 1 : first;
    const FeatureState on{.is_on = true, .is_fixed = false};  // the kernel's default
    peers_[link.ifindex] = {
        .is_reachable = true, .receives_xdp = false, .tx_vlan_ctag = on, .tx_vlan_stag = on};
  }
  return {};
}

Result<void> DryRun::delete_link(std::uint32_t ifindex) {
  XVNET_ASSIGN(link, link_of(ifindex));
  record_step("delete " + link.name);
  for (const Hook hook : {Hook::kXdp, Hook::kTcIngress, Hook::kTcEgress}) {
    XVNET_ASSIGN(state, attachment(ifindex, hook));
    if (runs(state)) attachments_[{ifindex, hook}] = Attachment::kOrphaned;
  }
  XVNET_TRY(tables_.forget_device(ifindex));
  links_[ifindex] = std::nullopt;
  return {};
}

Result<bool> DryRun::delete_unless_open(std::uint32_t ifindex) {
  XVNET_ASSIGN(link, link_of(ifindex));
  if (link.is_open) return false;
  XVNET_TRY(delete_link(ifindex));
  return true;
}

template <typename T>
Result<void> DryRun::set(std::uint32_t ifindex, T Link::* field, const T& value,
                         std::string_view what) {
  XVNET_ASSIGN(link, link_of(ifindex));
  if (link.*field == value) return {};
  record_step(fmt::format("set {} {}", link.name, what));
  link.*field = value;
  links_[ifindex] = link;
  return {};
}

Result<void> DryRun::set_name(std::uint32_t ifindex, std::string_view name) {
  return set(ifindex, &Link::name, std::string(name), fmt::format("name {}", name));
}

Result<void> DryRun::set_alias(std::uint32_t ifindex, std::string_view alias) {
  return set(ifindex, &Link::alias, std::string(alias),
             alias.empty() ? std::string("no alias") : fmt::format("alias {:?}", alias));
}

Result<void> DryRun::set_up(std::uint32_t ifindex, bool up) {
  return set(ifindex, &Link::is_up, up, up ? "up" : "down");
}

Result<void> DryRun::set_mtu(std::uint32_t ifindex, std::uint32_t mtu) {
  return set(ifindex, &Link::mtu, mtu, fmt::format("mtu {}", mtu));
}

Result<void> DryRun::set_promiscuous(std::uint32_t ifindex, bool on) {
  return set(ifindex, &Link::is_promiscuous, on, fmt::format("promiscuous {}", on_or_off(on)));
}

Result<void> DryRun::set_master(std::uint32_t ifindex, std::uint32_t master) {
  return set(ifindex, &Link::master, master,
             master ? "master " + name_of(master) : std::string("nomaster"));
}

Result<void> DryRun::set_noise(std::uint32_t ifindex, const Noise& noise) {
  const bool has_ipv6 = noise.has_ipv6.value_or(false);
  const std::string what =
      noise.has_arp == has_ipv6
          ? fmt::format("arp and ipv6 {}", on_or_off(has_ipv6))
          : fmt::format("arp {}, ipv6 {}", on_or_off(noise.has_arp), on_or_off(has_ipv6));
  return set(ifindex, &Link::noise, noise, what);
}

Result<void> DryRun::set_backstop(std::uint32_t ifindex, bool on) {
  record_step(fmt::format("backstop {} {}", name_of(ifindex), on_or_off(on)));
  backstops_[ifindex] = on;
  return {};
}

Result<bool> DryRun::lacks_backstop(std::uint32_t ifindex) const {
  if (const auto changed = backstops_.find(ifindex); changed != backstops_.end())
    return !changed->second;
  return ifindex >= kFirstMadeIfindex ? true : host_->lacks_backstop(ifindex);
}

Result<void> DryRun::guard(std::uint32_t ifindex, HostAddresses addresses) {
  XVNET_ASSIGN(link, link_of(ifindex));
  record_step(fmt::format("guard {} against its network{}", link.name,
                          addresses == HostAddresses::kIpv4Only ? ", without IPv6" : ""));
  guarded_[ifindex] = addresses;
  return {};
}

Result<std::vector<std::string>> DryRun::unguarded(std::uint32_t ifindex,
                                                   HostAddresses addresses) const {
  const auto changed = guarded_.find(ifindex);
  const bool is_guarded = changed != guarded_.end() && changed->second == addresses;
  if (is_guarded) return std::vector<std::string>{};
  if (changed != guarded_.end() || ifindex >= kFirstMadeIfindex)
    return std::vector<std::string>{"all of them"};
  return host_->unguarded(ifindex, addresses);
}

Result<void> DryRun::add_address(std::uint32_t ifindex, std::string_view cidr) {
  XVNET_ASSIGN(link, link_of(ifindex));
  record_step(fmt::format("add address {} to {}", cidr, link.name));
  return {};
}

Result<void> DryRun::remove_address(std::uint32_t ifindex, std::string_view cidr) {
  XVNET_ASSIGN(link, link_of(ifindex));
  record_step(fmt::format("remove address {} from {}", cidr, link.name));
  return {};
}

Result<bool> DryRun::has_address(std::uint32_t ifindex, std::string_view cidr) const {
  if (ifindex >= kFirstMadeIfindex) return false;
  return host_->has_address(ifindex, cidr);
}

Result<std::vector<InterfaceAddress>> DryRun::ipv4_addresses(std::uint32_t ifindex) const {
  if (ifindex >= kFirstMadeIfindex) return std::vector<InterfaceAddress>{};
  return host_->ipv4_addresses(ifindex);
}

Result<std::string> DryRun::host_use(std::uint32_t ifindex) const {
  if (ifindex >= kFirstMadeIfindex) return std::string();
  return host_->host_use(ifindex);
}

Result<std::string> DryRun::other_instance(std::uint32_t ifindex) const {
  if (ifindex >= kFirstMadeIfindex) return std::string();
  return host_->other_instance(ifindex);
}

Result<void> DryRun::set_forwarding(std::uint32_t ifindex, bool on) {
  return set(ifindex, &Link::forwards, on, fmt::format("forwarding {}", on_or_off(on)));
}

Result<void> DryRun::set_accept_local(std::uint32_t ifindex, bool on) {
  return set(ifindex, &Link::accepts_local, on, fmt::format("accept_local {}", on_or_off(on)));
}

Result<void> DryRun::announce_address(std::uint32_t ifindex, Ipv4 address) {
  record_step(fmt::format("announce {} on {}", format_ipv4(address), name_of(ifindex)));
  return {};
}

Result<PortSet> DryRun::reserved_ports() const {
  return reserved_ports_ ? *reserved_ports_ : host_->reserved_ports();
}

Result<void> DryRun::set_reserved_ports(const PortSet& ports) {
  record_step(ports.none() ? std::string("reserve no ports of the host")
                           : fmt::format("reserve the host's ports {}", format_ports(ports)));
  reserved_ports_ = ports;
  return {};
}

Result<FeatureState> DryRun::feature(std::uint32_t ifindex, Feature feature) const {
  const auto changed = features_.find({ifindex, feature});
  if (changed != features_.end()) return changed->second;
  if (ifindex >= kFirstMadeIfindex) return FeatureState{};
  return host_->feature(ifindex, feature);
}

Result<void> DryRun::set_feature(std::uint32_t ifindex, Feature feature, bool on) {
  XVNET_ASSIGN(link, link_of(ifindex));
  XVNET_ASSIGN(state, this->feature(ifindex, feature));
  if (state.is_on == on) return {};
  record_step(fmt::format("set {} {} {}", link.name, feature_name(feature), on_or_off(on)));
  state.is_on = on;
  features_[{ifindex, feature}] = state;
  return {};
}

Result<VethPeer> DryRun::veth_peer(std::uint32_t ifindex) const {
  const auto changed = peers_.find(ifindex);
  if (changed != peers_.end()) return changed->second;
  return host_->veth_peer(ifindex);
}

Result<void> DryRun::set_peer_feature(std::uint32_t ifindex, Feature feature, bool on) {
  XVNET_ASSIGN(link, link_of(ifindex));
  XVNET_ASSIGN(peer, veth_peer(ifindex));
  auto& state = feature == Feature::kTxVlanCtag ? peer.tx_vlan_ctag : peer.tx_vlan_stag;
  if (state.is_on == on) return {};
  record_step(
      fmt::format("set the peer of {} {} {}", link.name, feature_name(feature), on_or_off(on)));
  state.is_on = on;
  peers_[ifindex] = peer;
  return {};
}

Result<XdpSupport> DryRun::xdp_support(const Link& link) const {
  // TAPs and veths run XDP in every kernel that xvnet supports.
  if (link.ifindex >= kFirstMadeIfindex) return XdpSupport{.native = true, .redirect_target = true};
  return host_->xdp_support(link);
}

Result<std::string> DryRun::foreign_xdp(std::uint32_t ifindex) const {
  if (ifindex >= kFirstMadeIfindex) return std::string();
  return host_->foreign_xdp(ifindex);
}

Result<void> DryRun::attach(Program program, std::uint32_t ifindex, Hook hook, bool share_xdp) {
  XVNET_ASSIGN(link, link_of(ifindex));
  XVNET_ASSIGN(before, attachment(ifindex, hook));
  if (before == Attachment::kLive && !is_upgrade_) return {};
  record_step(fmt::format("{} {} {} {} {}{}", before == Attachment::kLive ? "update" : "attach",
                          program_name(program), before == Attachment::kLive ? "on" : "to",
                          link.name, hook_name(hook),
                          share_xdp && hook == Hook::kXdp ? ", shared" : ""));
  attachments_[{ifindex, hook}] = Attachment::kLive;
  return {};
}

Result<void> DryRun::detach(std::uint32_t ifindex, Hook hook) {
  XVNET_ASSIGN(before, attachment(ifindex, hook));
  if (before == Attachment::kNone) return {};
  if (runs(before)) record_step(fmt::format("detach {} {}", name_of(ifindex), hook_name(hook)));
  attachments_[{ifindex, hook}] = Attachment::kNone;
  return {};
}

Result<Attachment> DryRun::attachment(std::uint32_t ifindex, Hook hook) const {
  const auto changed = attachments_.find({ifindex, hook});
  if (changed != attachments_.end()) return changed->second;
  return host_->attachment(ifindex, hook);
}

}  // namespace xvnet
