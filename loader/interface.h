// SPDX-License-Identifier: BSD-2-Clause
//
// What an ifindex, or a VID on one, is to the programs: the entry, its place in the cache, and an
// interface's counters.
#pragma once

#include <cstdint>
#include <optional>

#include "loader/change.h"
#include "loader/tables.h"

namespace xvnet {

// With a place in the cache, if no other has it.
Result<void> put_interface(Change& change, std::uint32_t ifindex, const abi::interface& entry);
Result<void> erase_interface(Change& change, std::uint32_t ifindex);
Result<void> put_vlan(Change& change, const abi::vlan_key& key, std::uint32_t network);
Result<void> erase_vlan(Change& change, const abi::vlan_key& key);

// As in an instance that had no caches: all get their places that are free.
Result<void> fill_caches(Tables& tables);

// All that was counted; nothing: the interface has no counters.
Result<std::optional<abi::stats>> find_counters(Tables& tables, std::uint32_t ifindex);

}  // namespace xvnet
