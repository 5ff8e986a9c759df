// SPDX-License-Identifier: BSD-2-Clause
//
// What is measured: stacks that do the same, and what each of them is given to carry.
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
  int at_most_rounds = 0;  // where a round uses something up; 0: as many as are wanted
};

struct Scenario {
  std::string name;
  std::vector<Contender> contenders;
  std::vector<Cell> cells;
  bool quick = false;      // part of --quick
  bool is_native = false;  // takes too long to build in an emulated machine
};

// All there are, in the order of the table.
std::vector<Scenario> scenarios();

// Instructions and cycles are those of the kernel, the median of the rounds. Time is the first
// decile: whatever disturbs a round only adds to it.
struct Cost {
  std::optional<double> instructions, cycles, nanoseconds;
};

struct Measurement {
  std::string scenario, cell, contender;
  int rounds = 0;
  uint64_t frames = 0;     // of a round
  Cost cost;               // of one frame
  uint64_t map_bytes = 0;  // what xvnet's tables held
  double spread = 0;       // of the figure that counts: (third quartile - first) / median

  std::string name() const { return scenario + "/" + cell + "/" + contender; }
};

// A SetupError when a frame is lost, or carried that must not be.
Measurement measure(Traffic& traffic, int rounds);

// Throws what ends the program when a signal asks it to.
void check_interrupted();
void catch_signals();

}  // namespace xvnet::bench
