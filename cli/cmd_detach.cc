// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"
#include "cli/parse_name.h"
#include "cli/words.h"

namespace xvnet::cli {

namespace {

struct DetachWords {
  std::string device;
  bool delete_device = false;
};

Result<int> detach(const DetachWords& words, const Globals& globals) {
  Reader reader("detach", words.device);
  std::string name;
  reader.read(name, parse_device_name(words.device));
  XVNET_ASSIGN(device, reader.answer(name));
  return make_change(
      globals, [&](Instance& instance) { return instance.detach(device, words.delete_device); });
}

}  // namespace

void add_detach(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("detach", "take a device out of its network");
  auto words = std::make_shared<DetachWords>();
  command.add_option("DEV", words->device, "the device; it is left down")
      ->required()
      ->type_name("");
  command.add_flag("--delete", words->delete_device, "delete the TAP, too");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return detach(*words, globals); };
  });
}

}  // namespace xvnet::cli
