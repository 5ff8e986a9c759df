// SPDX-License-Identifier: BSD-2-Clause
//
// A recipe (tests/packet/recipe.h) as a fuzzer's input. It is the recipe's text, so a corpus file
// can be read, written by hand, and replayed. Mutations change, add and exchange whole steps.
//
// Programs in the kernel give libFuzzer no coverage. It sees the branches of the model instead, and
// counters: one for each hook, program, reason, verdict and shape of a frame that has come up.
#pragma once

#include "target.h"
#include "trial.h"

namespace xvnet::test {

Recipe recipe_of(const uint8_t* data, size_t size);

// Tells libFuzzer of a frame that it has not seen the like of.
void note_features(const Run& run);

}  // namespace xvnet::test
