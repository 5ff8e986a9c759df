// SPDX-License-Identifier: BSD-2-Clause
//
// What programs keep of translated traffic: mappings, and the buckets of sessions.
#pragma once

#include "loader/change.h"

namespace xvnet {

// As many as the entry says, all of them empty.
Result<void> make_buckets(Change& change, std::uint32_t network, const abi::nat_network& entry);
Result<void> remove_buckets(Change& change, std::uint32_t network, const abi::nat_network& entry);

Result<void> remove_mappings(Change& change, std::uint32_t network);

}  // namespace xvnet
