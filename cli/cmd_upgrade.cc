// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"

namespace xvnet::cli {

void add_upgrade(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("upgrade", "have everything run this build's programs");
  command.callback([&chosen] {
    chosen = [](const Globals& globals) {
      return make_change(
          globals, [](Instance& instance) { return instance.upgrade(); },
          Instance::open_for_upgrade);
    };
  });
}

}  // namespace xvnet::cli
