// SPDX-License-Identifier: BSD-2-Clause
#include "pmu.h"

#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <cerrno>

namespace xvnet::bench {

namespace {

// The layout of a read from the group leader, with PERF_FORMAT_GROUP and the times.
struct GroupReading {
  uint64_t events;
  uint64_t time_enabled;
  uint64_t time_running;
  uint64_t values[3];
};

constexpr int kLeads = -1;

// Returns an empty descriptor if the machine has no such counter.
test::UniqueFd open_event(uint32_t type, uint64_t config, int leader) {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = type;
  attributes.config = config;
  attributes.disabled = leader == kLeads ? 1 : 0;
  attributes.exclude_hv = 1;
  // A context switch is an event in kernel mode, so it must not be excluded.
  attributes.exclude_user = type == PERF_TYPE_HARDWARE ? 1 : 0;
  attributes.read_format =
      PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  test::UniqueFd event(static_cast<int>(
      syscall(SYS_perf_event_open, &attributes, 0, -1, leader, PERF_FLAG_FD_CLOEXEC)));
  const bool is_missing = !event && (errno == ENOENT || errno == EOPNOTSUPP);
  if (!event && !is_missing) test::throw_errno("opening a counter of the kernel");
  return event;
}

}  // namespace

Pmu::Pmu()
    : switches_(open_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, kLeads)),
      instructions_(open_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, switches_.get())),
      cycles_(open_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, switches_.get())) {
  if (!switches_) test::throw_errno("counting context switches");
}

void Pmu::start() {
  if (ioctl(switches_.get(), PERF_EVENT_IOC_RESET, PERF_IOC_FLAG_GROUP) != 0)
    test::throw_errno("resetting the counters");
  if (ioctl(switches_.get(), PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP) != 0)
    test::throw_errno("starting the counters");
  started_ = std::chrono::steady_clock::now();
}

Count Pmu::stop() {
  const auto passed = std::chrono::steady_clock::now() - started_;
  if (ioctl(switches_.get(), PERF_EVENT_IOC_DISABLE, PERF_IOC_FLAG_GROUP) != 0)
    test::throw_errno("stopping the counters");
  GroupReading reading{};
  if (read(switches_.get(), &reading, sizeof(reading)) < 0)
    test::throw_errno("reading the counters");
  Count count;
  count.switches = reading.values[0];
  count.nanoseconds = static_cast<uint64_t>(passed.count());
  if (!has_hardware()) return count;
  // With other users of the PMU, counters may be multiplexed, and their values would be estimates.
  if (reading.time_enabled != reading.time_running) {
    errno = EBUSY;
    test::throw_errno("counting without interruption");
  }
  count.hardware = {.instructions = reading.values[1], .cycles = reading.values[2]};
  return count;
}

void stay_on_cpu(int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0)
    test::throw_errno("keeping a thread on CPU " + std::to_string(cpu));
}

namespace {

std::vector<int> ask_for_cpus() {
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0) test::throw_errno("asking for CPUs");
  std::vector<int> allowed;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, &cpus)) allowed.push_back(cpu);
  return allowed;
}

}  // namespace

const std::vector<int>& allowed_cpus() {
  static const std::vector<int> allowed = ask_for_cpus();
  return allowed;
}

}  // namespace xvnet::bench
