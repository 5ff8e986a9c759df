// SPDX-License-Identifier: BSD-2-Clause
//
// What the processor counts while this thread sends.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "process.h"

namespace xvnet::bench {

// What only hardware can count.
struct HardwareCount {
  uint64_t instructions = 0;
  uint64_t cycles = 0;
};

struct Count {
  std::optional<HardwareCount> hardware;  // in the kernel; none where there is no PMU
  uint64_t switches = 0;                  // how often the thread left its CPU
  uint64_t nanoseconds = 0;               // by the clock
};

// Counts the calling thread, kernel only: the loop that sends is the benchmark's own, the system
// call that a frame takes is part of every stack alike.
//
// Nothing a stack does may escape the count. A frame written to a TAP is received, switched and
// delivered within the write: what the kernel puts off (a veth's or the backlog's NET_RX softirq)
// runs when the write enables bottom halves again, in the same thread. Only ksoftirqd could take it
// from there, or another task could add to it, and neither can without a context switch. So a span
// with no switch, after which all frames have arrived, holds all of the work and nothing else but
// the timer's interrupt.
class Pmu {
 public:
  Pmu();

  // Most virtual machines have no PMU.
  bool has_hardware() const { return static_cast<bool>(instructions_); }

  void start();
  Count stop();

 private:
  test::UniqueFd switches_;  // leads the group
  test::UniqueFd instructions_;
  test::UniqueFd cycles_;
  std::chrono::steady_clock::time_point started_;
};

// The calling thread stays on that CPU.
void stay_on_cpu(int cpu);

// Those that the program was started on.
const std::vector<int>& allowed_cpus();

}  // namespace xvnet::bench
