// SPDX-License-Identifier: BSD-2-Clause
//
// Runs the programs in the kernel on real devices in XDP mode, and checks the frames that leave
// every device.
#include "delivery.h"

#include "recipe_input.h"

using namespace xvnet::test;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Delivery delivery(Rig::get(), Hook::kXdp);
  std::string all;
  for (const std::string& finding : delivery.try_recipe(recipe_of(data, size), note_features))
    all += "\n" + finding;
  require(all.empty(), "the model" + all);
  return 0;
}
