// SPDX-License-Identifier: BSD-2-Clause
//
// Selects the uplink that carries a network: the one that claims its VID, else the one that carries
// all other VIDs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "loader/base/change.h"

namespace xvnet {

using UplinkEntry = std::pair<std::uint32_t, abi::uplink_record>;  // ifindex and record

// The uplinks whose record is complete and whose device is present.
Result<std::vector<UplinkEntry>> working_uplinks(Tables& tables, const Host& host);

// Returns the ifindex of the uplink that should carry the network, or 0 for none. With several
// uplinks, a new untagged network must name an existing one; otherwise the result is kFailed. `id`
// is 0 for a network that does not exist yet.
Result<std::uint32_t> choose_uplink(Tables& tables, const std::vector<UplinkEntry>& uplinks,
                                    std::uint32_t id, const abi::network_record& record);

Result<void> bind(Change& change, std::uint32_t network, std::uint32_t uplink);
Result<void> unbind(Change& change, std::uint32_t network);

// Binds every network to the uplink that should carry it. A network whose uplink is gone stays
// bound until another uplink carries it.
Result<void> bind_networks(Change& change);
// Unbinds all networks of an uplink that is being removed.
Result<void> unbind_networks(Change& change, std::uint32_t uplink);

// Returns an empty string if the network has no uplink.
Result<std::string> bound_uplink_name(Tables& tables, const Host& host, std::uint32_t network);

// Checks the MACs that all learners together may put into the FDB, plus one entry for each learner.
// Refuses if `added` more entries would exceed the FDB's capacity.
Result<void> check_fdb_budget(Tables& tables, std::uint64_t added);

// The MACs that one network may learn on its uplink. New bindings get kUplinkMacsLater once a
// quarter of the FDB is reserved. This leaves room for every VID of an uplink and for the maximum
// number of ports.
constexpr std::uint32_t kUplinkMacs = 1024;
constexpr std::uint32_t kUplinkMacsLater = 128;

}  // namespace xvnet
