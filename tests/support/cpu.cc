// SPDX-License-Identifier: BSD-2-Clause
#include "cpu.h"

#include <sched.h>

#include "process.h"

namespace xvnet::test {

void stay_on_one_cpu() {
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof cpus, &cpus)) throw_errno("asking for a thread's CPUs");
  int first = 0;
  while (!CPU_ISSET(first, &cpus)) first++;
  CPU_ZERO(&cpus);
  CPU_SET(first, &cpus);
  if (sched_setaffinity(0, sizeof cpus, &cpus)) throw_errno("keeping a thread on a CPU");
}

}  // namespace xvnet::test
