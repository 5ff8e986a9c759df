// SPDX-License-Identifier: BSD-2-Clause
//
// The traffic of a measurement, and what must become of it. Each function first sends one frame of
// each kind and checks what arrives, byte for byte or field for field. It throws a SetupError that
// says what is wrong.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "stack.h"

namespace xvnet::bench {

// One frame in the form in which it is written.
struct Shot {
  int fd = -1;
  std::shared_ptr<const test::Bytes> bytes;
};

struct Traffic {
  std::vector<Shot> shots;  // one burst
  // Makes the next burst, if bursts differ.
  std::function<void(std::vector<Shot>&)> renew;
  std::vector<Place*> outs;  // where the frames of a burst arrive
  uint64_t arriving = 0;     // how many of them arrive
};

constexpr size_t kBurst = 256;    // fits the queue of a TAP, 500 or 1000 frames
constexpr size_t kBigBurst = 64;  // for TSO frames

enum class Offload { kNone, kPartial, kTso };

// UDP frames of `size` bytes with complete checksums.
Traffic between_vms(Stack& stack, size_t size, size_t sender = 0, size_t receiver = 1);
// TCP from VM 0 to VM 1, with work left to the device; the receiver accepts offloads too.
Traffic between_vms_offloaded(Stack& stack, Offload offload, size_t size);
// For bare XDP_DROP and its tc equivalent: no frame arrives.
Traffic into_nothing(Stack& stack, size_t size);

enum class Tagged { kYes, kNo };  // on the wire

Traffic to_wire(Stack& stack, size_t size, Tagged tagged);
Traffic from_wire(Stack& stack, size_t size, Tagged tagged);

// Frames of one connection that both sides have used.
Traffic translated_out(Stack& stack, size_t size);
Traffic translated_in(Stack& stack, size_t size);
// Like translated_*(), but without translation.
Traffic routed_out(Stack& stack, size_t size);
Traffic routed_in(Stack& stack, size_t size);
// Each frame is the first of a connection.
Traffic new_connections(Stack& stack, size_t size);
// DNS queries, each from a new public port, while `connections` others have public ports.
Traffic queries_beside(Stack& stack, size_t connections);
// Opens `connections` connections of all VMs, then sends frames of random ones.
Traffic many_connections(Stack& stack, size_t connections);

enum class Denied { kTag, kSourceMac, kGateway };

// VM 1 sends frames that are dropped. The same destination still receives VM 0's frames.
Traffic denied(Stack& stack, Denied what, size_t size);

// Each VM has `macs` addresses; frames go between random addresses.
Traffic among_macs(Stack& stack, size_t macs);

}  // namespace xvnet::bench
