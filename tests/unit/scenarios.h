// SPDX-License-Identifier: BSD-2-Clause
//
// Every kind of command, each from a state worth breaking: what the tests of failures and of kill
// -9 go through.
#pragma once

#include <algorithm>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "../support/variable.h"
#include "fixture.h"

namespace xvnet::test {

struct Scenario {
  const char* name;
  std::vector<Command> before;  // commands that succeeded
  Command command;
  // What the world does between the two.
  std::function<void(FakeKernel&)> world = [](FakeKernel&) {};
  // How the host differs after `down` because the operator asked for it.
  std::function<void(FakeKernel&)> lasting = [](FakeKernel&) {};

  bool is_restore() const;  // of which each object is a change of its own
  bool removes() const;     // so that it may say there is nothing to remove when it runs again
};

// How a failed test shows it.
inline void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

const std::vector<Scenario>& scenarios();
// Those of them that are about source NAT.
const std::vector<Scenario>& translating();

// The distance between two steps at which a test breaks a command of `steps` steps, so that it
// breaks the command at about `places` of them. The environment's XVNET_TEST_PLACES overrides
// `places`.
constexpr int kEvery = std::numeric_limits<int>::max();
inline int stride(int steps, int places) {
  return std::max(1, steps / number_in("XVNET_TEST_PLACES", places));
}

// A host with two NICs, of which the first has an address, three TAPs of which one is up, and a
// veth; then the scenario up to its command.
void prepare(FakeKernel& kernel, const Scenario& scenario);
// The host before xvnet.
void make_host(FakeKernel& kernel);

}  // namespace xvnet::test
