// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"

namespace xvnet::cli {

void add_down(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("down", "remove every port, network and uplink");
  command.callback([&chosen] {
    chosen = [](const Globals& globals) {
      return make_change(
          globals, [](Instance& instance) { return instance.down(); }, Instance::open_for_down);
    };
  });
}

}  // namespace xvnet::cli
