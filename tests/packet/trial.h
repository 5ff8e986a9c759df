// SPDX-License-Identifier: BSD-2-Clause
//
// Runs a recipe on the rig. Each frame goes through its programs by test runs, twice under each
// hook. The outcome is compared with the model, with the first run, and between the hooks.
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

// Returns one line for each fault, so an empty list means success. It resets the rig first, and
// skips frames that the model cannot predict on these tables.
std::vector<std::string> try_recipe(Rig& rig, const Recipe& recipe, const Observer& observe = {});

// The frames that came out of each device since the last call, by device name.
std::map<std::string, std::vector<Bytes>> received(Rig& rig);

// Calls `send` for each frame of a recipe in order. Steps that change the tables are applied
// between the frames.
void each_frame(Rig& rig, const Recipe& recipe, const std::function<void(const Sent&)>& send);

}  // namespace xvnet::test
