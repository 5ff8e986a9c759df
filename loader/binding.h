// SPDX-License-Identifier: BSD-2-Clause
//
// Which uplink carries which network: the one that names its VID, else the one that carries all
// others.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "loader/change.h"

namespace xvnet {

using UplinkEntry = std::pair<std::uint32_t, abi::uplink_record>;  // by its ifindex

// Those that are there and whole.
Result<std::vector<UplinkEntry>> working_uplinks(Tables& tables, const Kernel& kernel);

// The ifindex of the one of them that should carry the network, 0 for none. An untagged network of
// a host with several uplinks has to name one, and one that is there: kFailed otherwise. `id` is 0
// for a network that is still to be made.
Result<std::uint32_t> choose_uplink(Tables& tables, const std::vector<UplinkEntry>& uplinks,
                                    std::uint32_t id, const abi::network_record& record);

Result<void> bind(Change& change, std::uint32_t network, std::uint32_t uplink);
Result<void> unbind(Change& change, std::uint32_t network);

// Empty when the network is on no uplink.
Result<std::string> bound_uplink_name(Tables& tables, const Kernel& kernel, std::uint32_t network);

// How many MACs all learners together may put into the FDB, with one entry more for each: refused
// with `added` more when that is beyond its capacity.
Result<void> check_fdb_budget(Tables& tables, std::uint64_t added);

// Of one network on its uplink: the second, once a quarter of the FDB is reserved. So there is room
// for every VID of an uplink, and for as many ports as an instance may have.
constexpr std::uint32_t kUplinkMacs = 1024;
constexpr std::uint32_t kUplinkMacsLater = 128;

}  // namespace xvnet
