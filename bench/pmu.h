// SPDX-License-Identifier: BSD-2-Clause
//
// Performance counters for the thread that sends.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "process.h"

namespace xvnet::bench {

// Counts that need hardware.
struct HardwareCount {
  uint64_t instructions = 0;
  uint64_t cycles = 0;
};

struct Count {
  std::optional<HardwareCount> hardware;  // kernel mode only; empty without a PMU
  uint64_t switches = 0;                  // context switches of the thread
  uint64_t nanoseconds = 0;               // wall clock
};

// Counts the kernel's work in the calling thread. The send loop is the benchmark's own code, and
// the system call for a frame is part of every stack alike.
//
// No work of a stack may be missed. A frame written to a TAP is received, switched and delivered
// within the write(). Deferred work, such as the NET_RX softirq of a veth or the backlog, runs in
// the same thread when the write enables bottom halves again. Only ksoftirqd could take over that
// work, and only another task could add to it; both need a context switch. So if no switch occurred
// and all frames have arrived, the count holds all of the work, and otherwise only timer
// interrupts.
class Pmu {
 public:
  Pmu();

  // Most virtual machines have no PMU.
  bool has_hardware() const { return static_cast<bool>(instructions_); }

  void start();
  Count stop();

 private:
  test::UniqueFd switches_;  // the group leader
  test::UniqueFd instructions_;
  test::UniqueFd cycles_;
  std::chrono::steady_clock::time_point started_;
};

// Binds the calling thread to that CPU.
void stay_on_cpu(int cpu);

// The CPUs on which the program may run.
const std::vector<int>& allowed_cpus();

}  // namespace xvnet::bench
