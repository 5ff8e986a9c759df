// SPDX-License-Identifier: BSD-2-Clause
//
// What is sent through a stack, over and over, and what has to become of it. Making one sends a
// frame of each kind first, and checks byte for byte, or field for field, what comes out: a
// SetupError says what is wrong with it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "stack.h"

namespace xvnet::bench {

// One frame, as it is written.
struct Shot {
  int fd = -1;
  std::shared_ptr<const test::Bytes> bytes;
};

struct Traffic {
  std::vector<Shot> shots;  // one burst
  // Makes the next burst, where it differs from the last.
  std::function<void(std::vector<Shot>&)> renew;
  std::vector<Place*> outs;  // where they come out
  uint64_t arriving = 0;     // how many of them do
};

constexpr size_t kBurst = 256;    // fits the queue of a TAP, 500 or 1000 frames
constexpr size_t kBigBurst = 64;  // of TSO frames

enum class Offload { kNone, kPartial, kTso };

// Complete: UDP of `size` bytes.
Traffic between_vms(Stack& stack, size_t size, size_t sender = 0, size_t receiver = 1);
// VM 0 to VM 1 over TCP, with something left to the device: the receiver takes offloads, too.
Traffic between_vms_offloaded(Stack& stack, Offload offload, size_t size);
// Bare XDP_DROP: nothing arrives.
Traffic into_nothing(Stack& stack, size_t size);

enum class Tagged { kYes, kNo };  // on the wire

Traffic to_wire(Stack& stack, size_t size, Tagged tagged);
Traffic from_wire(Stack& stack, size_t size, Tagged tagged);

// One connection, which both sides have used.
Traffic translated_out(Stack& stack, size_t size);
Traffic translated_in(Stack& stack, size_t size);
// The same, by the addresses it has.
Traffic routed_out(Stack& stack, size_t size);
Traffic routed_in(Stack& stack, size_t size);
// Each frame is the first of a connection.
Traffic new_connections(Stack& stack, size_t size);
// `connections` of all VMs are made, then any of them is used.
// To a server of names, each from a new public port, while as many connections have theirs.
Traffic queries_beside(Stack& stack, size_t connections);
Traffic many_connections(Stack& stack, size_t connections);

enum class Denied { kTag, kSourceMac, kGateway };

// VM 1 sends what is dropped; what VM 0 sends to the same is not.
Traffic denied(Stack& stack, Denied what, size_t size);

// Each VM has `macs` addresses; frames go from any to any.
Traffic among_macs(Stack& stack, size_t macs);

}  // namespace xvnet::bench
