// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"
#include "cli/parse_name.h"
#include "cli/state_file.h"
#include "cli/words.h"

namespace xvnet::cli {

namespace {

struct RestoreWords {
  Word file, device;
  bool replace = false;
};

// Restores every device, or only the given one. Does nothing if the file does not contain that
// device.
Result<int> restore(const RestoreWords& words, const Globals& globals) {
  Reader reader("restore", words.device.value_or(words.file.value_or("")));
  std::string typed, file;
  reader.read_word(typed, words.device, parse_device_name);
  reader.read_word(file, words.file, parse_file_name);
  XVNET_ASSIGN(device, reader.answer(typed));
  XVNET_ASSIGN(state, read_state_file(file.empty() ? state_path(globals.instance) : file));
  if (!device.empty() && !names(state, device)) return 0;
  for (auto& port : state.ports) port.replace = words.replace;
  return make_change(globals, [&](Instance& instance) { return instance.restore(state, device); });
}

}  // namespace

void add_restore(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("restore", "bring back what save wrote down");
  auto words = std::make_shared<RestoreWords>();
  add_word(command, "FILE", words->file, "", "default /etc/xvnet/INSTANCE.json");
  add_word(command, "--device", words->device, "DEV", "only this port or uplink, if it is in FILE");
  command.add_flag("--replace", words->replace, "change ports that are attached differently");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return restore(*words, globals); };
  });
}

}  // namespace xvnet::cli
