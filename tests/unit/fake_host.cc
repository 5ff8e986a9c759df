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
