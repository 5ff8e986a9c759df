// SPDX-License-Identifier: BSD-2-Clause
//
// Reads the tables into views of ports, networks, uplinks, the FDB and counters.
#pragma once

#include <string_view>
#include <vector>

#include "loader/base/tables.h"
#include "loader/model/device.h"
#include "loader/show/view.h"

namespace xvnet {

// The device should run `programs`, XDP by its mode.
Result<DeviceState> state_of(const Host& host, std::uint32_t ifindex,
                             const abi::device_record& record, const ProgramSet& programs);

Result<std::vector<PortView>> view_ports(const Host& host, Tables& tables);
Result<std::vector<NetworkView>> view_networks(const Host& host, Tables& tables);
Result<std::vector<UplinkView>> view_uplinks(const Host& host, Tables& tables);
Result<std::vector<FdbView>> view_fdb(const Host& host, Tables& tables);
Result<std::vector<StatsView>> view_stats(const Host& host, Tables& tables,
                                          std::string_view device);

}  // namespace xvnet
