// SPDX-License-Identifier: BSD-2-Clause
//
// What programs keep of translated traffic: mappings, and the buckets of sessions.
#pragma once

#include "loader/change.h"

namespace xvnet {

// As many as the entry says, all of them empty.
Result<void> make_buckets(Change& change, std::uint32_t network, const abi::nat_network& entry);
Result<void> remove_buckets(Change& change, std::uint32_t network, const abi::nat_network& entry);

// The bitmaps of its public ports, all of them free.
Result<void> make_chunks(Change& change, std::uint32_t network, const abi::nat_network& entry);
Result<void> remove_chunks(Change& change, std::uint32_t network, const abi::nat_network& entry);

// Ports of the network's ranges that the host uses now are the host's.
Result<void> claim_for_host(Change& change, const abi::nat_network& entry);

// Where the programs note which datagrams came in fragments.
Result<void> make_ring(Change& change, std::uint32_t network);
Result<void> remove_ring(Change& change, std::uint32_t network);
// Of a version that had none of some of these.
Result<void> make_missing_state(Tables& tables);

Result<void> remove_mappings(Change& change, std::uint32_t network);

}  // namespace xvnet
