// SPDX-License-Identifier: BSD-2-Clause
//
// The programs' state of translated traffic: mappings, buckets of sessions, free-port bitmaps.
#pragma once

#include "loader/base/change.h"

namespace xvnet {

// Whether the network has SNAT, so its ports need IPv4 forwarding. Without forwarding,
// bpf_fib_lookup() finds no route for packets received on a device. Forwarding exposes nothing: the
// host's stack never receives a frame of a port.
Result<bool> is_translated(Tables& tables, std::uint32_t network);
// Whether the port's device needs IPv4 forwarding but has it off. Without it, bpf_fib_lookup()
// finds no route for its frames.
Result<bool> lacks_forwarding(Tables& tables, const abi::port_record& port, const Link& link);

// Creates the empty buckets of the network's sessions, as many as the entry says.
Result<void> make_buckets(Change& change, std::uint32_t network, const abi::nat_network& entry);
Result<void> remove_buckets(Change& change, std::uint32_t network, const abi::nat_network& entry);

// Creates the bitmaps of the network's public ports, all of them free.
Result<void> make_chunks(Change& change, std::uint32_t network, const abi::nat_network& entry);
Result<void> remove_chunks(Change& change, std::uint32_t network, const abi::nat_network& entry);

// Marks ports of the network's ranges that the host uses now as claimed by the host.
Result<void> claim_for_host(Change& change, const abi::nat_network& entry);

// Creates the ring in which the programs record datagrams that arrive in fragments.
Result<void> make_ring(Change& change, std::uint32_t network);
Result<void> remove_ring(Change& change, std::uint32_t network);
// Upgrade: creates the state that a previous version did not have.
Result<void> make_missing_state(Tables& tables);

Result<void> remove_mappings(Change& change, std::uint32_t network);
// Ends the mappings of a port that is being removed.
Result<void> end_mappings(Change& change, std::uint32_t network, std::uint32_t ifindex);
// Ends those that the port has for these inside addresses.
Result<void> end_mappings(Change& change, std::uint32_t network, std::uint32_t ifindex,
                          const std::vector<Ipv4>& insides);

}  // namespace xvnet
