// SPDX-License-Identifier: BSD-2-Clause
#include "fake_host.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "invariants.h"
#include "loader/base/tables.h"
#include "loader/base/text.h"
#include "snapshot.h"

namespace xvnet::test {
namespace {

constexpr std::uint32_t kMinIpv6Mtu = 1280;  // RFC 8200, 5

}  // namespace

FakeHost::FakeHost() {
  make_tables();
  Link& loopback = devices_[LOOPBACK_IFINDEX].link;
  loopback.ifindex = LOOPBACK_IFINDEX;
  loopback.name = "lo";
  loopback.is_loopback = true;
  loopback.is_up = true;
}

FakeHost::~FakeHost() = default;

void FakeHost::make_tables() {
  for (const TableShape& shape : kTableShapes) {
    auto step = [this](const std::string& verb, const FakeTable& table,
                       std::span<const std::byte> key, const Act& act) {
      std::string line = fmt::format("{} {} ", verb, table.shape().name);
      if (verb == "erase" && table.shape().id == keeps_)
        return Result<void>(fail(line + "refused"));
      return this->step(line + key_text(*this, table.shape().id, key), act);
    };
    auto exists = [this](std::uint32_t ifindex) { return find(ifindex) != nullptr; };
    tables_[shape.id] = std::make_unique<FakeTable>(shape, step, exists);
  }
}

Result<void> FakeHost::step(const std::string& line, const Act& act) {
  let_vanish();
  ++steps_;
  bool is_dead = die_at_ != 0 && steps_ >= die_at_;
  if (is_dead || steps_ == fail_at_) {
    was_hit_ = true;
    journal_.push_back(line + " (failed)");
    return fail("injected failure: " + line);
  }
  if (!is_locked_) violations_.push_back(line + ": without the writers' lock");
  // A command must not fail a test because of an invariant that the world broke before it. It must
  // also not fail when it puts that fault back on an undo.
  if (!known_violations_) known_violations_ = broken_invariants(*this);
  Result<void> result = act();
  journal_.push_back(result ? line : line + " (refused)");
  for (const std::string& broken : broken_invariants(*this)) {
    // With a lost table, the invariants between tables cannot be checked. Only a port that is up
    // must still be filtered.
    if (!lost_.empty() && broken.find(" is up ") == std::string::npos) continue;
    bool is_new = known_violations_->insert(broken).second;
    if (is_new) violations_.push_back(fmt::format("{}: {}", line, broken));
  }
  return result;
}

Result<void> FakeHost::on_device(std::string what, std::uint32_t ifindex,
                                 const std::function<Result<void>(FakeDevice&)>& act) {
  // A "%" in the text stands for the device's name, because a deleted device has no name
  // afterwards.
  what.replace(what.find('%'), 1, name_of(ifindex));
  return step(what, [&]() -> Result<void> {
    FakeDevice* device = find(ifindex);
    if (!device) return fail_errno(ENODEV, what);
    return act(*device);
  });
}

void FakeHost::fail_at(int n) {
  steps_ = 0;
  fail_at_ = n;
  die_at_ = 0;
  was_hit_ = false;
}

void FakeHost::die_at(int n) {
  fail_at(0);
  die_at_ = n;
}

void FakeHost::start_process() {
  is_locked_ = false;
  journal_.clear();
  known_violations_.reset();
}

// Links

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

// Attachments

Result<void> FakeHost::attach(Program program, std::uint32_t ifindex, Hook hook, bool share_xdp) {
  auto live = pins_.find({ifindex, hook});
  const FakeDevice* owner = find(ifindex);
  if (owner && live != pins_.end() && live->second.birth == owner->birth &&
      live->second.left == FilterPart::kBoth) {
    if (live->second.program != program)
      return fail("attaching: another program of this instance is on the hook");
    if (live->second.build == loaded_build_) return {};  // no change, so no step
    return step(fmt::format("update {} {}", name_of(ifindex), hook_name(hook)), [&] {
      live->second.build = loaded_build_;
      return Result<void>();
    });
  }
  std::string what = fmt::format("attach {} % {}", program_name(program), hook_name(hook));
  return on_device(what, ifindex, [&](FakeDevice& device) -> Result<void> {
    if (hook == Hook::kXdp && !device.xdp.native) return fail_errno(EOPNOTSUPP, "attaching");
    if (hook == Hook::kXdp && !device.foreign_xdp.empty() && !share_xdp) {
      return fail_errno(EBUSY, "attaching");
    }
    pins_[{ifindex, hook}] = {program, device.birth, share_xdp, loaded_build_};
    return {};
  });
}

Result<void> FakeHost::detach(std::uint32_t ifindex, Hook hook) {
  return step(fmt::format("detach {} {}", name_of(ifindex), hook_name(hook)), [&] {
    pins_.erase({ifindex, hook});
    return Result<void>();
  });
}

Result<Attachment> FakeHost::attachment(std::uint32_t ifindex, Hook hook) const {
  let_vanish();
  auto pin = pins_.find({ifindex, hook});
  if (pin == pins_.end()) return Attachment::kNone;
  const FakeDevice* device = find(ifindex);
  if (pin->second.left == FilterPart::kFilter) return Attachment::kUnpinned;
  if (pin->second.left == FilterPart::kPin) return Attachment::kUnfiltered;
  bool is_live = device && device->birth == pin->second.birth;
  return is_live ? Attachment::kLive : Attachment::kOrphaned;
}

// The instance

Result<void> FakeHost::open_for_change() {
  if (!lost_.empty()) return fail("opening the instance: a table is missing", "«down»");
  if (is_locked_) violations_.push_back("open_for_change: the lock is taken twice");
  is_locked_ = true;
  if (is_loaded_) return {};
  return step("load", [&] {
    for (auto& [id, table] : tables_) table->reset();
    abi::meta meta{};
    meta.complete = 1;
    meta.settled = 1;
    set_text(meta.build, build_);
    loaded_build_ = build_;
    tables_[TableId::kMeta]->set(to_bytes(std::uint32_t{0}), to_bytes(meta));
    is_loaded_ = true;
    return Result<void>();
  });
}

Result<bool> FakeHost::open_for_reading() {
  if (!lost_.empty()) return fail("opening the instance: a table is missing", "«down»");
  return is_loaded_;
}

Result<void> FakeHost::open_remains(Opening opening) {
  is_locked_ = opening == Opening::kForChange;
  return {};
}

Result<std::vector<std::string>> FakeHost::missing_tables() const {
  std::vector<std::string> names;
  names.reserve(lost_.size());
  for (const TableId id : lost_) names.emplace_back(table_name(id));
  return names;
}

Result<std::vector<std::string>> FakeHost::missing_programs() const {
  std::vector<std::string> names;
  names.reserve(lost_programs_.size());
  for (const Program each : lost_programs_) names.emplace_back(program_name(each));
  return names;
}

// A pin whose device is gone has no program left to report.
Result<std::vector<Remnant>> FakeHost::remnants() const {
  std::vector<Remnant> remnants;
  for (const auto& [ifindex, device] : devices_) {
    std::optional<Program> program;
    for (const auto& [where, pin] : pins_)
      if (where.first == ifindex && where.second != Hook::kXdp && pin.birth == device.birth)
        program = pin.program == Program::kTcFromHost ? Program::kTcFromUplink : pin.program;
    if (!program && device.has_backstop) program = Program::kTcFromVm;
    if (program) remnants.push_back({ifindex, *program, {}});
  }
  return remnants;
}

Result<void> FakeHost::load_tail_calls() {
  if (continued_builds_.contains(loaded_build_)) return {};
  return step("load tail calls", [&] {
    continued_builds_.insert(loaded_build_);
    return Result<void>();
  });
}

abi::meta FakeHost::pinned_meta() const {
  return fake_table(TableId::kMeta).typed<std::uint32_t, abi::meta>().front().second;
}

bool FakeHost::has_tail_calls() const {
  std::set<std::string> builds{pinned_build()};
  for (const auto& [where, pin] : pins_) builds.insert(pin.build);
  return std::ranges::includes(continued_builds_, builds);
}

Result<bool> FakeHost::open_for_upgrade() {
  if (!is_loaded_) return false;
  XVNET_TRY(open_for_change());
  previous_build_ = loaded_build_;
  if (loaded_build_ == build_) return true;
  XVNET_TRY(step("load again", [&] {
    loaded_build_ = build_;
    continued_builds_.erase(build_);
    return Result<void>();
  }));
  return true;
}

Result<bool> FakeHost::commit_upgrade() {
  if (pinned_build() == build_) return false;
  XVNET_TRY(step("commit upgrade", [&] {
    abi::meta meta = pinned_meta();
    set_text(meta.build, build_);
    tables_[TableId::kMeta]->set(to_bytes(std::uint32_t{0}), to_bytes(meta));
    return Result<void>();
  }));
  return true;
}

Result<void> FakeHost::revert_upgrade(std::span<const Placement> moved) {
  XVNET_TRY(step("load former", [&] {
    loaded_build_ = previous_build_;
    return Result<void>();
  }));
  for (const Placement& each : moved)
    XVNET_TRY(attach(each.program, each.ifindex, each.hook, each.share_xdp));
  return {};
}

RawTable& FakeHost::table(TableId id) {
  if (!is_loaded_) violations_.push_back("table: the instance is not open");
  return *tables_.at(id);
}

Result<void> FakeHost::remove_pins() {
  return step("remove_pins", [&] {
    pins_.clear();
    for (auto& [id, table] : tables_) table->reset();
    is_loaded_ = false;
    lost_.clear();
    lost_programs_.clear();
    continued_builds_.clear();
    return Result<void>();
  });
}

}  // namespace xvnet::test
