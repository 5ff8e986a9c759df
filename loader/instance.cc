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

Result<Outcome> recover_tables(Host& host, Tables& tables, Recovery recovery) {
  return attempt(host, tables, [&](Change& change) -> Result<Outcome> {
    XVNET_TRY(recover(change, recovery));
    return Outcome{};
  });
}

// Appends the warnings of the repair that ran before the operation.
Result<Outcome> with_warnings(Outcome before, Result<Outcome> outcome) {
  if (outcome) std::ranges::move(before.warnings, std::back_inserter(outcome->warnings));
  return outcome;
}

template <typename Operation>
Result<Outcome> apply(Host& host, Tables& tables, Operation operation) {
  XVNET_ASSIGN(recovered, recover_tables(host, tables, Recovery::kWhereUnsettled));
  return with_warnings(std::move(recovered), attempt(host, tables, operation));
}

}  // namespace

Result<Instance> Instance::open_for_change(Host& host) {
  XVNET_TRY(host.open_for_change());
  Instance instance(host);
  instance.tables_.emplace(host);
  return instance;
}

Result<Instance> Instance::open_for_down(Host& host) {
  XVNET_TRY(host.remove_dead_pins());
  XVNET_ASSIGN(missing, host.missing_tables());
  if (missing.empty()) return open_for_change(host);
  XVNET_TRY(host.open_remains(Opening::kForChange));
  Instance instance(host);
  instance.tables_.emplace(host);
  instance.missing_ = missing;
  return instance;
}

Result<Instance> Instance::open_for_upgrade(Host& host) {
  XVNET_ASSIGN(exists, host.open_for_upgrade());
  Instance instance(host);
  if (exists) instance.tables_.emplace(host);
  return instance;
}

Result<Instance> Instance::open_for_reading(Host& host) {
  XVNET_ASSIGN(exists, host.open_for_reading());
  Instance instance(host);
  if (exists) instance.tables_.emplace(host);
  return instance;
}

Result<Outcome> Instance::attach(const PortRequest& request) {
  return apply(*host_, *tables_, [&](Change& change) { return attach_port(change, request); });
}

Result<Outcome> Instance::detach(std::string_view device, bool delete_device) {
  return apply(*host_, *tables_,
               [&](Change& change) { return detach_port(change, device, delete_device); });
}

Result<Outcome> Instance::add_uplink(const UplinkRequest& request) {
  return apply(*host_, *tables_,
               [&](Change& change) { return xvnet::add_uplink(change, request); });
}

Result<Outcome> Instance::remove_uplink(std::string_view device) {
  return apply(*host_, *tables_,
               [&](Change& change) { return xvnet::remove_uplink(change, device); });
}

Result<Outcome> Instance::add_network(const NetworkRequest& request) {
  return apply(*host_, *tables_,
               [&](Change& change) { return xvnet::add_network(change, request); });
}

Result<Outcome> Instance::set_network(const NetworkRequest& request) {
  return apply(*host_, *tables_,
               [&](Change& change) { return xvnet::set_network(change, request); });
}

Result<Outcome> Instance::remove_network(std::string_view name) {
  return apply(*host_, *tables_,
               [&](Change& change) { return xvnet::remove_network(change, name); });
}

Result<Outcome> Instance::add_forward(const ForwardRequest& request) {
  return apply(*host_, *tables_,
               [&](Change& change) { return xvnet::add_forward(change, request); });
}

Result<Outcome> Instance::remove_forward(const ForwardRequest& request) {
  return apply(*host_, *tables_,
               [&](Change& change) { return xvnet::remove_forward(change, request); });
}

// A full restore, at boot or after a problem, always repairs. A restore of one device runs for each
// udev event, so it repairs only after an interrupted command.
Result<Outcome> Instance::restore(const DesiredState& state, std::string_view device) {
  XVNET_ASSIGN(recovered,
               recover_tables(*host_, *tables_,
                              device.empty() ? Recovery::kThorough : Recovery::kWhereUnsettled));
  return with_warnings(std::move(recovered), restore_state(*host_, *tables_, state, device));
}

Result<DesiredState> Instance::desired_state() {
  return tables_ ? read_desired_state(*host_, *tables_) : DesiredState{};
}

Result<Outcome> Instance::upgrade() {
  return tables_ ? xvnet::upgrade(*host_, *tables_) : Outcome{};
}

Result<Outcome> Instance::down() {
  XVNET_ASSIGN(outcome, missing_.empty()
                            ? apply(*host_, *tables_, dismantle_all)
                            : Result<Outcome>(dismantle_remains(*host_, *tables_, missing_)));
  XVNET_ASSIGN(remnants, host_->remnants());
  for (const Remnant& each : remnants) {
    XVNET_ASSIGN(removed, attempt(*host_, *tables_,
                                  [&](Change& change) { return remove_remnant(change, each); }));
    std::ranges::move(removed.warnings, std::back_inserter(outcome.warnings));
  }
  if (!remnants.empty()) {
    XVNET_ASSIGN(reserved, reserved_by_nobody(*host_));
    std::ranges::move(reserved, std::back_inserter(outcome.warnings));
  }
  XVNET_TRY(host_->remove_pins());
  tables_.reset();
  return outcome;
}

Result<std::vector<PortView>> Instance::ports() {
  return tables_ ? view_ports(*host_, *tables_) : std::vector<PortView>{};
}

Result<std::vector<NetworkView>> Instance::networks() {
  return tables_ ? view_networks(*host_, *tables_) : std::vector<NetworkView>{};
}

Result<std::vector<UplinkView>> Instance::uplinks() {
  return tables_ ? view_uplinks(*host_, *tables_) : std::vector<UplinkView>{};
}

Result<std::vector<FdbView>> Instance::fdb() {
  return tables_ ? view_fdb(*host_, *tables_) : std::vector<FdbView>{};
}

Result<std::vector<LeaseView>> Instance::leases() {
  return tables_ ? view_leases(*host_, *tables_) : std::vector<LeaseView>{};
}

Result<std::vector<ForwardView>> Instance::forwards() {
  return tables_ ? view_forwards(*tables_) : std::vector<ForwardView>{};
}

Result<std::vector<NatView>> Instance::nat(const NatFilter& filter) {
  return tables_ ? view_nat(*host_, *tables_, filter) : std::vector<NatView>{};
}

Result<std::vector<StatsView>> Instance::stats(std::string_view device) {
  if (tables_) return view_stats(*host_, *tables_, device);
  if (device.empty()) return std::vector<StatsView>{};
  return fail(fmt::format("show counters of {:?}: nothing is attached", device));
}

}  // namespace xvnet
