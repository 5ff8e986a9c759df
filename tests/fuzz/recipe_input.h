// SPDX-License-Identifier: BSD-2-Clause
//
// A recipe (tests/packet/recipe.h) as a fuzzer's input. The input is the recipe's text, so a corpus
// file can be read, written by hand, and replayed. Mutations change, add and exchange whole steps.
//
// libFuzzer gets no coverage from programs in the kernel. It sees the branches of the model
// instead, and extra counters: one for each combination of hook, program, reason, verdict and frame
// shape that occurred.
#pragma once

#include "target.h"
#include "trial.h"

namespace xvnet::test {

Recipe recipe_of(const uint8_t* data, size_t size);

// Reports a frame's properties to libFuzzer, which keeps an input with new ones.
void note_features(const Run& run);

}  // namespace xvnet::test
