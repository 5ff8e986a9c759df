// SPDX-License-Identifier: BSD-2-Clause
//
// The invariants between any two changes, because the process may be killed there (see "Failing
// closed" in the README).
#pragma once

#include <set>
#include <string>

#include "fake_host.h"

namespace xvnet::test {

// One line for each invariant that is broken now.
std::set<std::string> broken_invariants(const FakeHost& host);

}  // namespace xvnet::test
