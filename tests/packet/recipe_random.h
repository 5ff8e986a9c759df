// SPDX-License-Identifier: BSD-2-Clause
//
// Random recipes. The random test makes whole recipes, and the fuzzer mutates existing ones.
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

// A step of this kind with random values.
Step random_step(Dice& dice, Op op);
// A random step that changes the tables.
Step random_change(Dice& dice);
// A random `from` and its layers. Most frames follow some protocol's order and are undamaged.
Recipe random_frame(Dice& dice);
Recipe random_frame_from(Dice& dice, uint16_t device);

// A copy of the recipe with a few random changes.
Recipe mutated(Dice& dice, Recipe recipe);
// The start of one recipe, followed by the end of the other.
Recipe crossed(Dice& dice, const Recipe& one, const Recipe& other);

}  // namespace xvnet::test
