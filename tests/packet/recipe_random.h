// SPDX-License-Identifier: BSD-2-Clause
//
// Recipes by chance: the random test makes whole ones, the fuzzer changes those it has.
#pragma once

#include <cstdint>
#include <iterator>
#include <random>

#include "recipe.h"

namespace xvnet::test {

class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}

  size_t below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(engine_);
  }
  bool one_in(size_t times) { return below(times) == 0; }
  template <typename List>
  auto& pick(List&& list) {
    return *(std::begin(list) + static_cast<std::ptrdiff_t>(below(std::size(list))));
  }

 private:
  std::mt19937_64 engine_;
};

// A step of this kind with any values.
Step random_step(Dice& dice, Op op);
// Of the tables.
Step random_change(Dice& dice);
// A `from` and its layers, mostly in an order that some protocol has, mostly whole.
Recipe random_frame(Dice& dice);
Recipe random_frame_from(Dice& dice, uint16_t device);

// Another recipe, a few changes away.
Recipe mutated(Dice& dice, Recipe recipe);
// The start of one and the end of the other.
Recipe crossed(Dice& dice, const Recipe& one, const Recipe& other);

}  // namespace xvnet::test
