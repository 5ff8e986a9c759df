// SPDX-License-Identifier: BSD-2-Clause
//
// What the programs know of an ifindex or of a VID on an uplink: the table entry, its cache
// element, and the interface's counters.
#pragma once

#include <cstdint>
#include <optional>

#include "loader/base/change.h"
#include "loader/base/tables.h"

namespace xvnet {

// The entry also gets its cache element, unless another key has it.
Result<void> put_interface(Change& change, std::uint32_t ifindex, const abi::interface& entry);
Result<void> erase_interface(Change& change, std::uint32_t ifindex);
Result<void> put_vlan(Change& change, const abi::vlan_key& key, std::uint32_t network);
Result<void> erase_vlan(Change& change, const abi::vlan_key& key);

// For an instance of a build without caches: fills all free cache elements.
Result<void> fill_caches(Tables& tables);

// Returns the sum of all counters, or nothing if the interface has none.
Result<std::optional<abi::stats>> find_counters(Tables& tables, std::uint32_t ifindex);

}  // namespace xvnet
