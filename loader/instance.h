// SPDX-License-Identifier: BSD-2-Clause
//
// Everything an operator can do to one instance of xvnet, and see of it. The commands of cli/ are
// one call each.
//
// Every change is idempotent, and all or nothing: an error leaves the state as it was before, as
// far as the kernel lets it be restored. A restore is a change for each of its objects. The Kernel
// outlives the Instance.
#pragma once

#include <string_view>
#include <vector>

#include "loader/kernel.h"
#include "loader/request.h"
#include "loader/tables.h"
#include "loader/view.h"

namespace xvnet {

class Instance {
 public:
  // Takes the writers' lock and loads what is missing.
  static Result<Instance> open_for_change(Kernel& kernel);
  // The same, of an empty one in the place of one whose network namespace is gone; and of what is
  // left of one with missing tables.
  static Result<Instance> open_for_down(Kernel& kernel);
  // Takes over what another build has made; nothing of it runs this build's programs before
  // upgrade().
  static Result<Instance> open_for_upgrade(Kernel& kernel);
  // An instance that does not exist reads as an empty one.
  static Result<Instance> open_for_reading(Kernel& kernel);

  Result<Outcome> attach(const PortRequest& request);
  Result<Outcome> detach(std::string_view device, bool delete_device);

  Result<Outcome> add_uplink(const UplinkRequest& request);
  Result<Outcome> remove_uplink(std::string_view device);

  Result<Outcome> add_network(const NetworkRequest& request);
  Result<Outcome> set_network(const NetworkRequest& request);  // only what is given changes
  Result<Outcome> remove_network(std::string_view name);

  Result<Outcome> add_forward(const ForwardRequest& request);
  Result<Outcome> remove_forward(const ForwardRequest& request);  // without its inside

  // Brings back what is missing of `state`; nothing else changes. Each object that cannot be
  // brought back is one of the outcome's failures, and stays as it was; a device that should have
  // become a port is set down. Of a device that is not there, and that xvnet does not make, there
  // is a warning. With `device`, only that one is brought back, with the networks that it needs:
  // what is wrong with these is a warning.
  Result<Outcome> restore(const DesiredState& state, std::string_view device);
  Result<DesiredState> desired_state();

  // Moves everything to this build's programs. An instance that does not exist is upgraded.
  Result<Outcome> upgrade();

  // Removes every port, network, uplink and pin, and restores what was changed.
  Result<Outcome> down();

  Result<std::vector<PortView>> ports();
  Result<std::vector<NetworkView>> networks();
  Result<std::vector<UplinkView>> uplinks();
  Result<std::vector<FdbView>> fdb();
  Result<std::vector<LeaseView>> leases();
  Result<std::vector<NatView>> nat(const NatFilter& filter);
  Result<std::vector<ForwardView>> forwards();
  // Of one device, or of all with an empty name.
  Result<std::vector<StatsView>> stats(std::string_view device);

 private:
  explicit Instance(Kernel& kernel) : kernel_(&kernel) {}

  Kernel* kernel_;
  std::optional<Tables> tables_;      // nothing: the instance does not exist
  std::vector<std::string> missing_;  // tables
};

}  // namespace xvnet
