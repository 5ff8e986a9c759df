// SPDX-License-Identifier: BSD-2-Clause
//
// Sends random and broken frames against tables with stale entries, and compares the outcome with
// the model. The test prints its seed, and XVNET_TEST_SEED repeats a run. XVNET_TEST_RECIPES sets
// the number of recipes. A failing recipe is printed too. Saved as a file in
// tests/fuzz/corpus/packet, it becomes a regression test.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <iterator>

#include "delivery.h"
#include "pipeline_fixture.h"
#include "recipe_random.h"
#include "variable.h"

namespace xvnet::test {
namespace {

constexpr int kRecipes = 3000;
constexpr int kFramesOfOne = 6;

using Try = std::function<std::vector<std::string>(const Recipe&)>;

uint64_t random_seed() {
  const char* given = std::getenv("XVNET_TEST_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
  std::cout << "XVNET_TEST_SEED=" << seed << "\n";
  return seed;
}

Recipe random_recipe(Dice& dice) {
  Recipe recipe;
  for (int i = 0; i < kFramesOfOne; ++i) {
    if (dice.one_in(2)) recipe.push_back(random_change(dice));
    std::ranges::copy(random_frame(dice), std::back_inserter(recipe));
  }
  return recipe;
}

void check_random_recipes(const Try& try_one) {
  Dice dice(random_seed());
  const int recipes = number_in("XVNET_TEST_RECIPES", kRecipes);
  for (int i = 0; i < recipes && !::testing::Test::HasFailure(); ++i) {
    const Recipe recipe = random_recipe(dice);
    for (const std::string& finding : try_one(recipe)) ADD_FAILURE() << finding;
    if (::testing::Test::HasFailure()) ADD_FAILURE() << "of the recipe:\n" << print_recipe(recipe);
  }
}

TEST(Random, EveryFrameMatchesTheModel) {
  check_random_recipes([](const Recipe& recipe) { return try_recipe(Rig::get(), recipe); });
}

class RandomLive : public ::testing::TestWithParam<Hook> {};
INSTANTIATE_TEST_SUITE_P(Hooks, RandomLive, both_hooks(), hook_name);

TEST_P(RandomLive, DeliveredFramesMatchTheModel) {
  Delivery delivery(Rig::get(), GetParam());
  check_random_recipes([&](const Recipe& recipe) { return delivery.try_recipe(recipe); });
}

}  // namespace
}  // namespace xvnet::test
