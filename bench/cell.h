// SPDX-License-Identifier: BSD-2-Clause
//
// What is measured: stacks that do the same work, and the traffic that each of them carries.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stack.h"
#include "traffic.h"

namespace xvnet::bench {

struct Contender {
  std::string name;
  std::function<std::unique_ptr<Stack>()> build;
};

struct Cell {
  std::string name;
  std::function<Traffic(Stack&)> traffic;
  int at_most_rounds = 0;  // if a round uses up a resource; 0: no limit
};

struct Scenario {
  std::string name;
  std::vector<Contender> contenders;
  std::vector<Cell> cells;
  bool quick = false;      // part of --quick
  bool is_native = false;  // takes too long to build in an emulated machine
};

// All scenarios, in the order of the table.
std::vector<Scenario> scenarios();

// Instructions and cycles count the kernel's work; they are the median of the rounds. Time is the
// first decile, because disturbances only add to it.
struct Cost {
  std::optional<double> instructions, cycles, nanoseconds;
};

struct Measurement {
  std::string scenario, cell, contender;
  int rounds = 0;
  uint64_t frames = 0;     // of one round
  Cost cost;               // for one frame
  uint64_t map_bytes = 0;  // memory of xvnet's tables
  double spread = 0;       // of the decisive figure: (third quartile - first quartile) / median

  std::string name() const { return scenario + "/" + cell + "/" + contender; }
};

// Throws a SetupError if a frame is lost, or if one that must be dropped arrives.
Measurement measure(Traffic& traffic, int rounds);

// Throws if a signal asks the program to end.
void check_interrupted();
void catch_signals();

}  // namespace xvnet::bench
