// SPDX-License-Identifier: BSD-2-Clause
#include "loader/base/change.h"

#include <fmt/format.h>

#include <ranges>

#include "loader/base/text.h"

namespace xvnet {

Result<bool> Change::is_settled() const {
  XVNET_ASSIGN(meta, tables_->meta.find(0));
  return !meta || meta->settled;  // no entry: the instance does not exist yet, as in a dry run
}

Result<void> Change::unsettle() {
  if (mark_ != Mark::kNone) return {};
  XVNET_ASSIGN(found, tables_->meta.find(0));
  abi::meta value = found.value_or(abi::meta{});
  if (found && !value.settled) {
    mark_ = Mark::kPrevious;
    return {};
  }
  value.settled = 0;
  XVNET_TRY(tables_->meta.put(0, value));
  mark_ = Mark::kOwn;
  return {};
}

// This is not an undoable step: it records that nothing is left to undo.
Result<void> Change::settle() {
  XVNET_ASSIGN(found, tables_->meta.find(0));
  abi::meta value = found.value_or(abi::meta{});
  if (drops_note_) set_text(value.creating, "");
  value.settled = 1;
  XVNET_TRY(tables_->meta.put(0, value));
  drops_note_ = false;
  mark_ = Mark::kNone;
  return {};
}

Result<void> Change::note_creation(const std::string& device) {
  drops_note_ = true;
  return edit_meta([&](abi::meta& meta) { set_text(meta.creating, device); });
}

Result<void> Change::unless_gone(std::uint32_t ifindex, Result<void> step) const {
  if (step) return step;
  XVNET_ASSIGN(link, host_->find_link(ifindex));
  return link ? step : Result<void>{};
}

Result<void> Change::unless_peer_gone(std::uint32_t ifindex, Result<void> step) const {
  if (step) return step;
  const auto peer = host_->veth_peer(ifindex);
  return peer && peer->is_reachable ? step : Result<void>{};
}

void Change::remember_of_device(std::uint32_t ifindex, std::function<Result<void>()> opposite) {
  remember(
      [this, ifindex, opposite = std::move(opposite)] { return unless_gone(ifindex, opposite()); });
}

Result<Link> Change::create_tap(const TapSpec& spec) {
  XVNET_TRY(note_creation(spec.name));
  auto link = host_->create_tap(spec);
  if (!link) return link;
  remember_of_device(link->ifindex, [this, made = *link]() -> Result<void> {
    XVNET_ASSIGN(is_deleted, host_->delete_unless_open(made.ifindex));
    return is_deleted ? Result<void>{}
                      : fail(fmt::format("{:?} is not deleted: a VM has it open", made.name));
  });
  return link;
}

Result<void> Change::create_veth(const std::string& name, const std::string& peer) {
  XVNET_TRY(note_creation(name));
  XVNET_TRY(host_->create_veth(name, peer));
  remember([this, name]() -> Result<void> {
    XVNET_ASSIGN(link, host_->find_link(name));
    return link ? unless_gone(link->ifindex, host_->delete_link(link->ifindex)) : Result<void>{};
  });
  return {};
}

Result<void> Change::set_name(const Link& link, const std::string& name) {
  if (link.name == name) return {};
  XVNET_TRY(unless_gone(link.ifindex, host_->set_name(link.ifindex, name)));
  remember_of_device(link.ifindex, [this, ifindex = link.ifindex, before = link.name] {
    return host_->set_name(ifindex, before);
  });
  return {};
}

Result<void> Change::set_alias(const Link& link, const std::string& alias) {
  if (link.alias == alias) return {};
  XVNET_TRY(unless_gone(link.ifindex, host_->set_alias(link.ifindex, alias)));
  remember_of_device(link.ifindex, [this, ifindex = link.ifindex, before = link.alias] {
    return host_->set_alias(ifindex, before);
  });
  return {};
}

Result<void> Change::set_up(const Link& link, bool up) {
  XVNET_ASSIGN(now, host_->find_link(link.ifindex));
  if (!now || now->is_up == up) return {};
  XVNET_TRY(unless_gone(link.ifindex, host_->set_up(link.ifindex, up)));
  remember_of_device(link.ifindex,
                     [this, ifindex = link.ifindex, up] { return host_->set_up(ifindex, !up); });
  return {};
}

Result<void> Change::set_mtu(const Link& link, std::uint32_t mtu) {
  XVNET_ASSIGN(before, host_->find_link(link.ifindex));
  if (!before || before->mtu == mtu) return {};
  XVNET_TRY(unless_gone(link.ifindex, host_->set_mtu(link.ifindex, mtu)));
  remember_of_device(link.ifindex, [this, before = *before]() -> Result<void> {
    XVNET_TRY(host_->set_mtu(before.ifindex, before.mtu));
    XVNET_ASSIGN(now, host_->find_link(before.ifindex));
    if (!now || now->noise == before.noise) return {};
    return host_->set_noise(before.ifindex, before.noise);
  });
  return {};
}

Result<void> Change::set_promiscuous(const Link& link, bool on) {
  if (link.is_promiscuous == on) return {};
  XVNET_TRY(unless_gone(link.ifindex, host_->set_promiscuous(link.ifindex, on)));
  remember_of_device(link.ifindex, [this, ifindex = link.ifindex, on] {
    return host_->set_promiscuous(ifindex, !on);
  });
  return {};
}

Result<void> Change::set_master(const Link& link, std::uint32_t master) {
  if (link.master == master) return {};
  XVNET_TRY(unless_gone(link.ifindex, host_->set_master(link.ifindex, master)));
  remember_of_device(link.ifindex, [this, ifindex = link.ifindex, before = link.master] {
    return host_->set_master(ifindex, before);
  });
  return {};
}

Result<void> Change::disable_host_stack(const Link& link) {
  XVNET_ASSIGN(now, host_->find_link(link.ifindex));
  if (!now || now->is_silent()) return {};
  return set_noise(*now, kSilence);
}

Result<void> Change::set_noise(const Link& link, const Noise& noise) {
  if (link.noise == noise) return {};
  XVNET_TRY(unless_gone(link.ifindex, host_->set_noise(link.ifindex, noise)));
  remember_of_device(link.ifindex, [this, ifindex = link.ifindex, before = link.noise] {
    return host_->set_noise(ifindex, before);
  });
  return {};
}

// Removal must also work for a device that is gone or renamed. Since Linux 6.16 a chain outlives
// both, and would block the next device with its name.
Result<void> Change::set_backstop(std::uint32_t ifindex, bool on) {
  const auto lacks = host_->lacks_backstop(ifindex);
  if (!lacks) return unless_gone(ifindex, std::unexpected(lacks.error()));
  if (on && !*lacks) return {};
  const auto done = host_->set_backstop(ifindex, on);
  XVNET_TRY(on ? unless_gone(ifindex, done) : done);
  if (*lacks == on)
    remember_of_device(ifindex, [this, ifindex, on] { return host_->set_backstop(ifindex, !on); });
  return {};
}

Result<void> Change::guard(const Link& link, HostAddresses addresses) {
  const auto others =
      addresses == HostAddresses::kIpv4Only ? HostAddresses::kIpv6Too : HostAddresses::kIpv4Only;
  const auto settings = host_->unguarded(link.ifindex, addresses);
  if (!settings) return unless_gone(link.ifindex, std::unexpected(settings.error()));
  if (settings->empty()) return {};
  const auto previous = host_->unguarded(link.ifindex, others);
  if (!previous) return unless_gone(link.ifindex, std::unexpected(previous.error()));
  XVNET_TRY(unless_gone(link.ifindex, host_->guard(link.ifindex, addresses)));
  // A setting that was changed from outside is not undone: the link stays guarded.
  if (previous->empty())
    remember_of_device(link.ifindex, [this, ifindex = link.ifindex, others] {
      return host_->guard(ifindex, others);
    });
  return {};
}

Result<void> Change::add_address(std::uint32_t ifindex, const std::string& cidr) {
  XVNET_ASSIGN(is_there, host_->has_address(ifindex, cidr));
  if (is_there) return {};
  XVNET_TRY(unless_gone(ifindex, host_->add_address(ifindex, cidr)));
  remember_of_device(ifindex,
                     [this, ifindex, cidr] { return host_->remove_address(ifindex, cidr); });
  return {};
}

Result<void> Change::remove_address(std::uint32_t ifindex, const std::string& cidr) {
  XVNET_TRY(unless_gone(ifindex, host_->remove_address(ifindex, cidr)));
  remember_of_device(ifindex, [this, ifindex, cidr] { return host_->add_address(ifindex, cidr); });
  return {};
}

Result<void> Change::set_forwarding(const Link& link, bool on) {
  XVNET_ASSIGN(now, host_->find_link(link.ifindex));
  if (!now || now->forwards == on) return {};
  XVNET_TRY(unless_gone(link.ifindex, host_->set_forwarding(link.ifindex, on)));
  remember_of_device(link.ifindex, [this, ifindex = link.ifindex, on] {
    return host_->set_forwarding(ifindex, !on);
  });
  return {};
}

Result<void> Change::set_accept_local(const Link& link, bool on) {
  if (link.accepts_local == on) return {};
  XVNET_TRY(unless_gone(link.ifindex, host_->set_accept_local(link.ifindex, on)));
  remember_of_device(link.ifindex, [this, ifindex = link.ifindex, on] {
    return host_->set_accept_local(ifindex, !on);
  });
  return {};
}

Result<void> Change::set_reserved_ports(const PortSet& ports) {
  XVNET_ASSIGN(before, host_->reserved_ports());
  if (before == ports) return {};
  XVNET_TRY(host_->set_reserved_ports(ports));
  remember([this, before] { return host_->set_reserved_ports(before); });
  return {};
}

// The kernel does not accept a device that is gone into its device map.
Result<void> Change::put_device(std::uint32_t ifindex) {
  auto& devices = tables_->devices;
  XVNET_ASSIGN(before, devices.find(ifindex));
  if (before == ifindex) return {};
  XVNET_TRY(unsettle());
  XVNET_TRY(unless_gone(ifindex, devices.put(ifindex, ifindex)));
  remember_of_device(ifindex, [&devices, ifindex] { return devices.erase(ifindex); });
  return {};
}

Result<void> Change::erase_device(std::uint32_t ifindex) {
  auto& devices = tables_->devices;
  XVNET_ASSIGN(before, devices.find(ifindex));
  if (!before) return {};
  XVNET_TRY(unsettle());
  XVNET_TRY(devices.erase(ifindex));
  remember_of_device(ifindex, [&devices, ifindex] { return devices.put(ifindex, ifindex); });
  return {};
}

Result<void> Change::set_feature(std::uint32_t ifindex, Feature feature, bool on) {
  auto state = host_->feature(ifindex, feature);
  if (!state) return unless_gone(ifindex, std::unexpected(std::move(state).error()));
  if (state->is_on == on) return {};
  XVNET_TRY(unless_gone(ifindex, host_->set_feature(ifindex, feature, on)));
  remember_of_device(
      ifindex, [this, ifindex, feature, on] { return host_->set_feature(ifindex, feature, !on); });
  return {};
}

Result<void> Change::set_peer_feature(std::uint32_t ifindex, Feature feature, bool on) {
  XVNET_TRY(unless_gone(ifindex, host_->set_peer_feature(ifindex, feature, on)));
  remember_of_device(ifindex, [this, ifindex, feature, on] {
    return unless_peer_gone(ifindex, host_->set_peer_feature(ifindex, feature, !on));
  });
  return {};
}

Result<void> Change::attach(Program program, std::uint32_t ifindex, Hook hook, bool share_xdp) {
  XVNET_ASSIGN(before, host_->attachment(ifindex, hook));
  XVNET_TRY(unless_gone(ifindex, host_->attach(program, ifindex, hook, share_xdp)));
  // For an unpinned program, attaching only restores the pin; undo leaves both.
  if (before == Attachment::kUnpinned) remember([] { return Result<void>{}; });
  if (!runs(before))
    remember_of_device(ifindex, [this, ifindex, hook] { return host_->detach(ifindex, hook); });
  return {};
}

Result<void> Change::detach(Program program, std::uint32_t ifindex, Hook hook, bool share_xdp) {
  XVNET_ASSIGN(before, host_->attachment(ifindex, hook));
  if (before == Attachment::kNone) return {};
  XVNET_ASSIGN(link, host_->find_link(ifindex));
  auto done = host_->detach(ifindex, hook);
  // The device vanished just now: the second call only removes pins.
  if (!done && link && unless_gone(ifindex, done)) done = host_->detach(ifindex, hook);
  if (!done) return done;
  if (runs(before))
    remember_of_device(ifindex,
                       [=, this] { return host_->attach(program, ifindex, hook, share_xdp); });
  return {};
}

Result<void> Change::commit() {
  if (!deletions_.empty() || !last_.empty()) XVNET_TRY(unsettle());
  for (std::uint32_t ifindex : deletions_) XVNET_TRY(delete_or_keep(ifindex));
  deletions_.clear();
  for (auto& step : last_) XVNET_TRY(step());
  last_.clear();
  if (drops_note_ || mark_ != Mark::kNone) XVNET_TRY(settle());
  undo_.clear();
  send_announcements();
  return {};
}

Result<void> Change::delete_or_keep(std::uint32_t ifindex) {
  XVNET_ASSIGN(link, host_->find_link(ifindex));
  if (!link) return {};
  const auto is_deleted = host_->delete_unless_open(ifindex);
  if (!is_deleted) XVNET_TRY(unless_gone(ifindex, std::unexpected(is_deleted.error())));
  if (is_deleted.value_or(true)) {
    is_past_undo_ = true;
    undo_.clear();
    return {};
  }
  // An alias of the operator is kept. Then nothing records that xvnet created the TAP.
  if (link->alias.empty()) XVNET_TRY(set_alias(*link, kKeptAlias));
  warnings_.push_back(fmt::format(
      "{:?}: not deleted, because a VM has it open; it is down and in no network until it is "
      "attached or restored; once the VM has stopped, `ip link del {}` deletes it",
      link->name, link->name));
  return {};
}

void Change::send_announcements() {
  for (const auto& [ifindex, address] : announcements_)
    if (const auto sent = host_->announce_address(ifindex, address); !sent)
      warnings_.push_back(sent.error().message +
                          "; neighbours use the previous MAC until their ARP entries expire");
  announcements_.clear();
}

Error Change::roll_back(Error cause) {
  bool is_undone = !is_past_undo_;
  for (auto& opposite : std::views::reverse(undo_)) {
    if (auto undone = opposite(); !undone) {
      is_undone = false;
      cause.message += "; could not undo a step: " + undone.error().message;
    }
  }
  if (is_undone && mark_ == Mark::kOwn) {
    drops_note_ = false;  // undo has restored `creating`; settle() must not clear it
    if (auto settled = settle(); !settled)
      cause.message += "; the next command repairs what is left: " + settled.error().message;
  }
  undo_.clear();
  deletions_.clear();
  announcements_.clear();
  return cause;
}

}  // namespace xvnet
