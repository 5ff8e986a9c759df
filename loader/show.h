// SPDX-License-Identifier: BSD-2-Clause
//
// Reads the tables into views.
#pragma once

#include <string_view>
#include <vector>

#include "loader/device.h"
#include "loader/tables.h"
#include "loader/view.h"

namespace xvnet {

// The device should run `programs`, XDP by its mode.
Result<DeviceState> state_of(const Kernel& kernel, std::uint32_t ifindex,
                             const abi::device_record& record, const ProgramSet& programs);

Result<std::vector<PortView>> view_ports(const Kernel& kernel, Tables& tables);
Result<std::vector<NetworkView>> view_networks(const Kernel& kernel, Tables& tables);
Result<std::vector<UplinkView>> view_uplinks(const Kernel& kernel, Tables& tables);
Result<std::vector<FdbView>> view_fdb(const Kernel& kernel, Tables& tables);
Result<std::vector<LeaseView>> view_leases(const Kernel& kernel, Tables& tables);
// Mappings that have not expired, without forwards.
Result<std::vector<NatView>> view_nat(const Kernel& kernel, Tables& tables,
                                      const NatFilter& filter);
Result<std::vector<ForwardView>> view_forwards(Tables& tables);
Result<std::vector<StatsView>> view_stats(const Kernel& kernel, Tables& tables,
                                          std::string_view device);

}  // namespace xvnet
