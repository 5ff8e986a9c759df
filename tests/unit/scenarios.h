// SPDX-License-Identifier: BSD-2-Clause
//
// A scenario for every kind of command, each from a state that a failure could damage. The tests of
// failures and of kill -9 run all of them.
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
  // An event outside xvnet, between `before` and `command`.
  std::function<void(FakeHost&)> world = [](FakeHost&) {};
  // The changes that the operator asked for and that stay on the host after `down`.
  std::function<void(FakeHost&)> lasting = [](FakeHost&) {};

  bool is_restore() const;  // a restore handles each object as a separate change
  bool removes() const;     // a repeated removal may report that nothing is left to remove
};

// Prints the scenario's name in a failure message.
inline void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

const std::vector<Scenario>& scenarios();
// The scenarios that involve source NAT.
const std::vector<Scenario>& translating();

// The distance between two steps at which a test breaks a command of `steps` steps, so that it
// breaks the command at about `places` of them. The environment's XVNET_TEST_PLACES overrides
// `places`.
constexpr int kEvery = std::numeric_limits<int>::max();
inline int stride(int steps, int places) {
  return std::max(1, steps / number_in("XVNET_TEST_PLACES", places));
}

// Makes the host and runs the scenario up to its command. The host has a veth pair, three TAPs of
// which one is up, and two NICs of which the first has an address.
void prepare(FakeHost& host, const Scenario& scenario);
// Makes a host without xvnet.
void make_host(FakeHost& host);

}  // namespace xvnet::test
