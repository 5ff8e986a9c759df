// SPDX-License-Identifier: BSD-2-Clause
//
// What must hold between any two changes, because the process may be killed there (docs: fail
// closed).
#pragma once

#include <set>
#include <string>

#include "fake_kernel.h"

namespace xvnet::test {

// One line for each thing that does not hold now.
std::set<std::string> broken_invariants(const FakeKernel& kernel);

}  // namespace xvnet::test
