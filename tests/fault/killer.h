// SPDX-License-Identifier: BSD-2-Clause
//
// kill -9 between two system calls of a command.
//
// What others can see of a process changes by system calls alone, and by few of them: a process
// that is killed before one that only reads, maps memory or makes an object of its own leaves what
// it leaves when it is killed before the next. So those that change something are enough to try
// every state a kill can leave. With XVNET_FAULT_EVERY_CALL set, all are counted.
#pragma once

#include "cli.h"

namespace xvnet::test {

struct Killed {
  bool was_killed = false;  // else it came to its end before
  int exit_code = 0;        // of one that did
  std::string at;           // the system call it was about to make
};

// Runs `argv` in the namespace until it is about to make its n-th change, counted from 1.
Killed kill_before(const NetNs& ns, const Words& argv, int n);

}  // namespace xvnet::test
