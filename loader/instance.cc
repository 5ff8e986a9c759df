// SPDX-License-Identifier: BSD-2-Clause
#include "loader/instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "loader/change.h"
#include "loader/desired_state.h"
#include "loader/forward.h"
#include "loader/network.h"
#include "loader/port.h"
#include "loader/show.h"
#include "loader/tidy.h"
#include "loader/upgrade.h"
#include "loader/uplink.h"

namespace xvnet {
namespace {

// Runs an operation, and keeps what it did or undoes it.
template <typename Operation>
Result<Outcome> apply(Kernel& kernel, Tables& tables, Operation operation,
                      Tidying tidying = Tidying::kWhereUnsettled) {
  std::vector<std::string> warnings;
  {
    Change before(kernel, tables);
    if (auto tidied = tidy(before, tidying); !tidied)
      return std::unexpected(before.roll_back(std::move(tidied).error()));
    XVNET_TRY(before.commit());
    warnings = before.take_warnings();
  }
  Change change(kernel, tables);
  Result<Outcome> outcome = operation(change);
  if (!outcome) return std::unexpected(change.roll_back(std::move(outcome).error()));
  if (auto done = change.commit(); !done)
    return std::unexpected(change.roll_back(std::move(done).error()));
  std::ranges::move(warnings, std::back_inserter(outcome->warnings));
  std::ranges::move(change.take_warnings(), std::back_inserter(outcome->warnings));
  return outcome;
}

Result<Outcome> take_everything_apart(Change& change) {
  auto& tables = change.tables();
  XVNET_ASSIGN(ports, tables.port_records.entries());
  for (const auto& [ifindex, record] : ports)
    XVNET_TRY(remove_port(change, ifindex, record, record.device.flags & abi::RECORD_CREATED));
  XVNET_ASSIGN(networks, tables.network_records.entries());
  for (const auto& [id, record] : networks) XVNET_TRY(destroy_network(change, Network{id, record}));
  XVNET_ASSIGN(uplinks, tables.uplink_records.entries());
  for (const auto& [ifindex, record] : uplinks)
    XVNET_TRY(take_uplink_apart(change, ifindex, record));
  return Outcome{.changed = true, .warnings = {}, .created_tap = {}};
}

// Of the devices of a state, as far as they are there.
Result<std::vector<std::uint32_t>> numbers_of(const Kernel& kernel, const DesiredState& state) {
  std::vector<std::uint32_t> numbers;
  const auto add = [&](const std::string& name) -> Result<void> {
    XVNET_ASSIGN(link, kernel.find_link(name));
    numbers.push_back(link ? link->ifindex : 0);
    return {};
  };
  for (const UplinkRequest& uplink : state.uplinks) XVNET_TRY(add(uplink.device));
  for (const PortRequest& port : state.ports) XVNET_TRY(add(port.device));
  return numbers;
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
  return open_for_change(kernel);
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

// Whoever restores everything, at boot or because something is amiss, wants all of it looked at; of
// one device, it is what udev does for each that comes.
//
// A device that goes meanwhile takes its own part along and nothing more: what was done is undone,
// and done again without it.
Result<Outcome> Instance::restore(const DesiredState& state, std::string_view device) {
  constexpr int kTries = 8;
  for (int tries = 1;; tries++) {
    XVNET_ASSIGN(before, numbers_of(*kernel_, state));
    auto outcome = apply(
        *kernel_, *tables_, [&](Change& change) { return restore_state(change, state, device); },
        device.empty() ? Tidying::kThorough : Tidying::kWhereUnsettled);
    XVNET_ASSIGN(after, numbers_of(*kernel_, state));
    if (outcome || before == after || tries == kTries) return outcome;
  }
}

Result<DesiredState> Instance::desired_state() {
  return tables_ ? read_desired_state(*kernel_, *tables_) : DesiredState{};
}

Result<Outcome> Instance::upgrade() {
  return tables_ ? xvnet::upgrade(*kernel_, *tables_) : Outcome{};
}

Result<Outcome> Instance::down() {
  XVNET_ASSIGN(outcome, apply(*kernel_, *tables_, take_everything_apart));
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
