// SPDX-License-Identifier: BSD-2-Clause
//
// Runs the programs in the kernel by test runs, under both hooks.
#include "recipe_input.h"

using namespace xvnet::test;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string all;
  const Recipe recipe = recipe_of(data, size);
  for (const std::string& finding : try_recipe(Rig::get(), recipe, note_features))
    all += "\n" + finding;
  require(all.empty(), "the model" + all);
  return 0;
}
