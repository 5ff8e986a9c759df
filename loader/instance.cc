// SPDX-License-Identifier: BSD-2-Clause
#include "loader/instance.h"

#include <fmt/format.h>

#include "loader/commands/attach.h"
#include "loader/commands/attempt.h"
#include "loader/commands/down.h"
#include "loader/commands/network.h"
#include "loader/commands/recover.h"
#include "loader/commands/restore.h"
#include "loader/commands/upgrade.h"
#include "loader/commands/uplink.h"
#include "loader/model/desired_state.h"
#include "loader/nat/forward.h"
#include "loader/show/view_forwards.h"
#include "loader/show/view_leases.h"
#include "loader/show/view_nat.h"
#include "loader/show/views.h"

namespace xvnet {
namespace {

Result<Outcome> make_tidy(Kernel& kernel, Tables& tables, Tidying tidying) {
  return attempt(kernel, tables, [&](Change& change) -> Result<Outcome> {
    XVNET_TRY(tidy(change, tidying));
    return Outcome{};
  });
}

// Appends the warnings of the repair that ran before the operation.
Result<Outcome> with_warnings(Outcome before, Result<Outcome> outcome) {
  if (outcome) std::ranges::move(before.warnings, std::back_inserter(outcome->warnings));
  return outcome;
}

template <typename Operation>
Result<Outcome> apply(Kernel& kernel, Tables& tables, Operation operation) {
  XVNET_ASSIGN(tidied, make_tidy(kernel, tables, Tidying::kWhereUnsettled));
  return with_warnings(std::move(tidied), attempt(kernel, tables, operation));
}

}  // namespace

Result<Instance> Instance::open_for_change(Kernel& kernel) {
  XVNET_TRY(kernel.open_for_change());
  Instance instance(kernel);
  instance.tables_.emplace(kernel);
  return instance;
}

Result<Instance> Instance::open_for_down(Kernel& kernel) {
  XVNET_TRY(kernel.remove_dead_pins());
  XVNET_ASSIGN(missing, kernel.missing_tables());
  if (missing.empty()) return open_for_change(kernel);
  XVNET_TRY(kernel.open_remains(Opening::kForChange));
  Instance instance(kernel);
  instance.tables_.emplace(kernel);
  instance.missing_ = missing;
  return instance;
}

Result<Instance> Instance::open_for_upgrade(Kernel& kernel) {
  XVNET_ASSIGN(exists, kernel.open_for_upgrade());
  Instance instance(kernel);
  if (exists) instance.tables_.emplace(kernel);
  return instance;
}

Result<Instance> Instance::open_for_reading(Kernel& kernel) {
  XVNET_ASSIGN(exists, kernel.open_for_reading());
  Instance instance(kernel);
  if (exists) instance.tables_.emplace(kernel);
  return instance;
}

Result<Outcome> Instance::attach(const PortRequest& request) {
  return apply(*kernel_, *tables_, [&](Change& change) { return attach_port(change, request); });
}

Result<Outcome> Instance::detach(std::string_view device, bool delete_device) {
  return apply(*kernel_, *tables_,
               [&](Change& change) { return detach_port(change, device, delete_device); });
}

Result<Outcome> Instance::add_uplink(const UplinkRequest& request) {
  return apply(*kernel_, *tables_,
               [&](Change& change) { return xvnet::add_uplink(change, request); });
}

Result<Outcome> Instance::remove_uplink(std::string_view device) {
  return apply(*kernel_, *tables_,
               [&](Change& change) { return xvnet::remove_uplink(change, device); });
}

Result<Outcome> Instance::add_network(const NetworkRequest& request) {
  return apply(*kernel_, *tables_,
               [&](Change& change) { return xvnet::add_network(change, request); });
}

Result<Outcome> Instance::set_network(const NetworkRequest& request) {
  return apply(*kernel_, *tables_,
               [&](Change& change) { return xvnet::set_network(change, request); });
}

Result<Outcome> Instance::remove_network(std::string_view name) {
  return apply(*kernel_, *tables_,
               [&](Change& change) { return xvnet::remove_network(change, name); });
}

Result<Outcome> Instance::add_forward(const ForwardRequest& request) {
  return apply(*kernel_, *tables_,
               [&](Change& change) { return xvnet::add_forward(change, request); });
}

Result<Outcome> Instance::remove_forward(const ForwardRequest& request) {
  return apply(*kernel_, *tables_,
               [&](Change& change) { return xvnet::remove_forward(change, request); });
}

// A full restore, at boot or after a problem, always repairs. A restore of one device runs for each
// udev event, so it repairs only after an interrupted command.
Result<Outcome> Instance::restore(const DesiredState& state, std::string_view device) {
  XVNET_ASSIGN(tidied, make_tidy(*kernel_, *tables_,
                                 device.empty() ? Tidying::kThorough : Tidying::kWhereUnsettled));
  return with_warnings(std::move(tidied), restore_state(*kernel_, *tables_, state, device));
}

Result<DesiredState> Instance::desired_state() {
  return tables_ ? read_desired_state(*kernel_, *tables_) : DesiredState{};
}

Result<Outcome> Instance::upgrade() {
  return tables_ ? xvnet::upgrade(*kernel_, *tables_) : Outcome{};
}

Result<Outcome> Instance::down() {
  XVNET_ASSIGN(outcome, missing_.empty()
                            ? apply(*kernel_, *tables_, take_everything_apart)
                            : Result<Outcome>(take_remains_apart(*kernel_, *tables_, missing_)));
  XVNET_ASSIGN(remnants, kernel_->remnants());
  for (const Remnant& each : remnants) {
    XVNET_ASSIGN(removed, attempt(*kernel_, *tables_,
                                  [&](Change& change) { return remove_remnant(change, each); }));
    std::ranges::move(removed.warnings, std::back_inserter(outcome.warnings));
  }
  if (!remnants.empty()) {
    XVNET_ASSIGN(reserved, reserved_by_nobody(*kernel_));
    std::ranges::move(reserved, std::back_inserter(outcome.warnings));
  }
  XVNET_TRY(kernel_->remove_pins());
  tables_.reset();
  return outcome;
}

Result<std::vector<PortView>> Instance::ports() {
  return tables_ ? view_ports(*kernel_, *tables_) : std::vector<PortView>{};
}

Result<std::vector<NetworkView>> Instance::networks() {
  return tables_ ? view_networks(*kernel_, *tables_) : std::vector<NetworkView>{};
}

Result<std::vector<UplinkView>> Instance::uplinks() {
  return tables_ ? view_uplinks(*kernel_, *tables_) : std::vector<UplinkView>{};
}

Result<std::vector<FdbView>> Instance::fdb() {
  return tables_ ? view_fdb(*kernel_, *tables_) : std::vector<FdbView>{};
}

Result<std::vector<LeaseView>> Instance::leases() {
  return tables_ ? view_leases(*kernel_, *tables_) : std::vector<LeaseView>{};
}

Result<std::vector<ForwardView>> Instance::forwards() {
  return tables_ ? view_forwards(*tables_) : std::vector<ForwardView>{};
}

Result<std::vector<NatView>> Instance::nat(const NatFilter& filter) {
  return tables_ ? view_nat(*kernel_, *tables_, filter) : std::vector<NatView>{};
}

Result<std::vector<StatsView>> Instance::stats(std::string_view device) {
  if (tables_) return view_stats(*kernel_, *tables_, device);
  if (device.empty()) return std::vector<StatsView>{};
  return fail(fmt::format("show counters of {:?}: nothing is attached", device));
}

}  // namespace xvnet
