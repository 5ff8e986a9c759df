// SPDX-License-Identifier: BSD-2-Clause
//
// All operations on one instance of xvnet, to change it and to show it. Each command of cli/ is one
// call.
//
// Every change is idempotent and atomic: after an error the state is as before, as far as the
// kernel allows. A restore is one change per object. The Host must outlive the Instance.
#pragma once

#include <string_view>
#include <vector>

#include "loader/base/host.h"
#include "loader/base/tables.h"
#include "loader/model/request.h"
#include "loader/show/view.h"

namespace xvnet {

class Instance {
 public:
  // Takes the writers' lock, and loads and pins what is missing.
  static Result<Instance> open_for_change(Host& host);
  // Opens the instance to remove it. An instance whose network namespace is gone is replaced by an
  // empty one. An instance with missing tables is opened with what is left.
  static Result<Instance> open_for_down(Host& host);
  // Opens an instance that another build may have made. Devices run this build's programs only
  // after upgrade().
  static Result<Instance> open_for_upgrade(Host& host);
  // An instance that does not exist reads as empty.
  static Result<Instance> open_for_reading(Host& host);

  Result<Outcome> attach(const PortRequest& request);
  Result<Outcome> detach(std::string_view device, bool delete_device);

  Result<Outcome> add_uplink(const UplinkRequest& request);
  Result<Outcome> remove_uplink(std::string_view device);

  Result<Outcome> add_network(const NetworkRequest& request);
  Result<Outcome> set_network(const NetworkRequest& request);  // only given fields change
  Result<Outcome> remove_network(std::string_view name);

  Result<Outcome> add_forward(const ForwardRequest& request);
  Result<Outcome> remove_forward(const ForwardRequest& request);  // without its inside address

  // Brings back the missing objects of `state` and changes nothing else. An object that cannot be
  // brought back stays as it was and is one of Outcome::failures; a device that should have become
  // a port is set down. A missing device that xvnet does not create is a warning. A non-empty
  // `device` restores only that device and the networks it needs; failures of these networks are
  // warnings.
  Result<Outcome> restore(const DesiredState& state, std::string_view device);
  Result<DesiredState> desired_state();

  // Moves all attachments to this build's programs. If the instance does not exist, there is
  // nothing to do.
  Result<Outcome> upgrade();

  // Removes every port, network, uplink and pin, and restores the settings that xvnet changed.
  Result<Outcome> down();

  Result<std::vector<PortView>> ports();
  Result<std::vector<NetworkView>> networks();
  Result<std::vector<UplinkView>> uplinks();
  Result<std::vector<FdbView>> fdb();
  Result<std::vector<LeaseView>> leases();
  Result<std::vector<NatView>> nat(const NatFilter& filter);
  Result<std::vector<ForwardView>> forwards();
  // Counters of one device, or of all if `device` is empty.
  Result<std::vector<StatsView>> stats(std::string_view device);

 private:
  explicit Instance(Host& host) : host_(&host) {}

  Host* host_;
  std::optional<Tables> tables_;      // empty if the instance does not exist
  std::vector<std::string> missing_;  // names of the missing tables
};

}  // namespace xvnet
