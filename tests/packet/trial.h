// SPDX-License-Identifier: BSD-2-Clause
//
// A recipe run on the rig. Each frame goes through its programs by test runs, twice under each
// hook, and everything that came of it is compared: with the model, with the first time, and one
// hook with the other.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model.h"
#include "recipe.h"

namespace xvnet::test {

// One run of one frame.
struct Run {
  Hook hook = Hook::kTc;
  const Sent& sent;
  const Prediction& predicted;
};
using Observer = std::function<void(const Run&)>;

// What was not as it has to be, a line each; empty: nothing. The rig is reset first. Frames on
// tables of which the model has nothing to say are left out.
std::vector<std::string> try_recipe(Rig& rig, const Recipe& recipe, const Observer& observe = {});

// What came out of the devices since the last call, by their names.
std::map<std::string, std::vector<Bytes>> received(Rig& rig);

// The frames of a recipe one after the other; the steps of the tables between them are done as
// they come.
void each_frame(Rig& rig, const Recipe& recipe, const std::function<void(const Sent&)>& send);

}  // namespace xvnet::test
