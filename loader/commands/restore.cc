// SPDX-License-Identifier: BSD-2-Clause
#include "loader/commands/restore.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "loader/base/text.h"
#include "loader/commands/attach.h"
#include "loader/commands/attempt.h"
#include "loader/commands/network.h"
#include "loader/commands/recover.h"
#include "loader/commands/uplink.h"
#include "loader/model/desired_state.h"
#include "loader/model/device.h"
#include "loader/nat/forward.h"

namespace xvnet {
namespace {

class Restoring {
 public:
  Restoring(Host& host, Tables& tables, const DesiredState& state, std::string_view device)
      : host_(&host), tables_(&tables), state_(&state), device_(device) {}

  // The order follows the dependencies: a network needs its uplink, a port its network.
  Result<Outcome> run() {
    XVNET_TRY(uplinks());
    XVNET_TRY(networks());
    XVNET_TRY(forwards());
    XVNET_TRY(ports());
    return std::move(outcome_);
  }

 private:
  using Operation = std::function<Result<Outcome>(Change&)>;

  bool is_meant(std::string_view name) const { return device_.empty() || device_ == name; }

  // Any network may have waited for an uplink, so a restored uplink needs all of them.
  bool is_needed(const NetworkRequest& network) const {
    if (device_.empty()) return true;
    const auto is_it = [&](const auto& request) { return request.device == device_; };
    return std::ranges::any_of(state_->uplinks, is_it) ||
           std::ranges::any_of(state_->ports, [&](const PortRequest& port) {
             return is_it(port) &&
                    (port.network == network.name || (port.vid && port.vid == network.vid) ||
                     (port.untagged && network.untagged));
           });
  }

  bool is_needed(const ForwardRequest& forward) const {
    if (device_.empty()) return true;
    return std::ranges::any_of(state_->networks, [&](const NetworkRequest& network) {
      return network.name == forward.network && is_needed(network);
    });
  }

  Result<void> uplinks() {
    for (const UplinkRequest& request : state_->uplinks) {
      XVNET_ASSIGN(is_here, is_to_be_done(request.device));
      if (!is_here) continue;
      XVNET_ASSIGN(failed, tried_of(request.device, false,
                                    [&](Change& change) { return add_uplink(change, request); }));
      if (failed) outcome_.failures.push_back(*std::move(failed));
    }
    return {};
  }

  Result<void> networks() {
    for (const NetworkRequest& request : state_->networks)
      if (is_needed(request))
        beside_the_device(
            tried([&](Change& change) { return add_network(change, request, SnatMiss::kLater); }));
    return {};
  }

  Result<void> forwards() {
    for (const ForwardRequest& request : state_->forwards)
      if (is_needed(request))
        beside_the_device(
            tried([&](Change& change) { return add_forward(change, request, SnatMiss::kLater); }));
    return {};
  }

  Result<void> ports() {
    for (const PortRequest& request : state_->ports) {
      const bool may_make = request.create && is_meant(request.device);
      XVNET_ASSIGN(is_here, is_to_be_done(request.device, may_make));
      if (!is_here) continue;
      // The operator accepted this device before, so the restore does not check again whether the
      // host uses it.
      XVNET_ASSIGN(decided, as_it_was(request));
      decided.force = true;
      XVNET_ASSIGN(failed, tried_of(request.device, may_make,
                                    [&](Change& change) { return attach_port(change, decided); }));
      if (!failed) continue;
      outcome_.failures.push_back(*std::move(failed));
      if (auto closed = set_down(request.device); !closed)
        outcome_.failures.push_back(std::move(closed).error());
    }
    return {};
  }

  // A port whose device was missing keeps its present network, even if the saved state names
  // another one.
  Result<PortRequest> as_it_was(const PortRequest& request) {
    if (request.replace) return request;
    XVNET_ASSIGN(records, tables_->port_records.entries());
    for (const auto& [ifindex, record] : records) {
      if (text_of(record.device.name) != request.device || !record.network) continue;
      XVNET_ASSIGN(presence, presence_of(*host_, ifindex, record.device));
      XVNET_ASSIGN(network, tables_->network_records.find(record.network));
      if (presence == Presence::kHere || !network) continue;
      auto live = port_request(request.device, record, *network);
      if (live.network == request.network && live.vid == request.vid &&
          live.untagged == request.untagged)
        continue;
      outcome_.warnings.push_back(
          fmt::format("{:?}: it stays in network {:?}; the saved state names another network",
                      request.device, text_of(network->name)));
      return live;
    }
    return request;
  }

  Result<bool> is_to_be_done(const std::string& name, bool may_make = false) {
    if (!is_meant(name)) return false;
    if (may_make) return true;
    XVNET_ASSIGN(link, host_->find_link(name));
    if (!link) miss(name);
    return link.has_value();
  }

  void miss(const std::string& name) {
    outcome_.warnings.push_back(
        fmt::format("{:?}: the device does not exist yet; `«restore»` attaches it later", name));
  }

  Result<std::uint32_t> number_of(const std::string& name) const {
    XVNET_ASSIGN(link, host_->find_link(name));
    return link ? link->ifindex : 0;
  }

  // A device that vanished meanwhile is a warning, not a failure. If another device got its name,
  // try again.
  Result<std::optional<Error>> tried_of(const std::string& name, bool may_make,
                                        const Operation& operation) {
    constexpr int kTries = 8;
    std::optional<Error> failed;
    for (int tries = 0; tries < kTries; tries++) {
      XVNET_ASSIGN(before, number_of(name));
      failed = tried(operation);
      XVNET_ASSIGN(after, number_of(name));
      if (!failed || (may_make && !before)) return failed;
      if (!after) {
        miss(name);
        return std::nullopt;
      }
      if (before == after) return failed;
    }
    return failed;
  }

  // Returns nothing on success.
  std::optional<Error> tried(const Operation& operation) {
    auto outcome = attempt(*host_, *tables_, operation);
    if (!outcome) {
      if (auto recovered = attempt(*host_, *tables_, recover_state); !recovered)
        outcome.error().message += "; and then: " + recovered.error().message;
      return std::move(outcome).error();
    }
    outcome_.changed |= outcome->changed;
    std::ranges::move(outcome->warnings, std::back_inserter(outcome_.warnings));
    return std::nullopt;
  }

  // If a step could not be undone, the repair makes the tables consistent for the next object.
  static Result<Outcome> recover_state(Change& change) {
    XVNET_TRY(recover(change, Recovery::kWhereUnsettled));
    return Outcome{};
  }

  // If one device is restored, failures of other objects are only warnings.
  void beside_the_device(std::optional<Error> failed) {
    if (!failed) return;
    if (device_.empty())
      outcome_.failures.push_back(*std::move(failed));
    else
      outcome_.warnings.push_back(failed->message);
  }

  // A device that could not become a port must not stay open to the host's stack. A device with an
  // address belongs to the host and stays up.
  Result<void> set_down(const std::string& device) {
    XVNET_ASSIGN(link, host_->find_link(device));
    if (!link || !link->is_up || link->is_loopback || link->master) return {};
    XVNET_ASSIGN(attachment, host_->attachment(link->ifindex, Hook::kTcIngress));
    XVNET_ASSIGN(uplink, tables_->uplink_records.find(link->ifindex));
    if (runs(attachment) || uplink) return {};
    XVNET_ASSIGN(addresses, host_->ipv4_addresses(link->ifindex));
    if (!addresses.empty()) return {};
    auto failed = tried([&](Change& change) -> Result<Outcome> {
      XVNET_TRY(change.set_up(*link, false));
      return Outcome{.changed = true, .warnings = {}};
    });
    if (failed) return std::unexpected(*std::move(failed));
    outcome_.warnings.push_back(
        fmt::format("{:?}: it was set down, so that its VM cannot reach the host", device));
    return {};
  }

  Host* host_;
  Tables* tables_;
  const DesiredState* state_;
  std::string_view device_;
  Outcome outcome_;
};

}  // namespace

Result<Outcome> restore_state(Host& host, Tables& tables, const DesiredState& state,
                              std::string_view device) {
  return Restoring(host, tables, state, device).run();
}

}  // namespace xvnet
