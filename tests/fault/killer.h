// SPDX-License-Identifier: BSD-2-Clause
//
// Kills a command with kill -9 between two of its system calls.
//
// Only a few system calls change state outside the process. Others only read, map memory or make an
// object of the process. A kill before such a call leaves the same state as a kill before the next
// call. So it is enough to kill before each call that changes something. With
// XVNET_FAULT_EVERY_CALL set, every call counts.
#pragma once

#include "cli.h"

namespace xvnet::test {

struct Killed {
  bool was_killed = false;  // false: the command ended before
  int exit_code = 0;        // of a command that ended
  std::string at;           // the system call that it was about to make
};

// Runs `argv` in the namespace and kills it just before its n-th change, counted from 1.
Killed kill_before(const NetNs& ns, const Words& argv, int n);

}  // namespace xvnet::test
