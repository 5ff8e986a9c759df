// SPDX-License-Identifier: BSD-2-Clause
//
// Commands on a whole instance: save, restore, upgrade and down.
#include "cli/app.h"
#include "cli/args.h"
#include "cli/state_file.h"
#include "loader/base/text.h"

namespace xvnet::cli {

namespace {

constexpr const char* kStandardOutput = "-";

struct RestoreWords {
  Word file, device;
  bool replace = false;
};

// The fields come from the state file, so messages name its keys instead of options.
void name_keys(Outcome& outcome) {
  for (auto& warning : outcome.warnings) warning = with_keys(warning);
  for (auto& failure : outcome.failures) {
    failure.message = with_keys(failure.message);
    failure.hint = with_keys(failure.hint);
  }
}

// Restores every device, or only the given one. Does nothing if the file does not contain that
// device.
Result<int> restore(const RestoreWords& words, const Globals& globals) {
  XVNET_ASSIGN(file, read_word<std::string>("FILE", words.file, parse_text));
  const std::string device = words.device.value_or("");
  if (words.device) XVNET_TRY(check_device_name("restore", device));
  XVNET_ASSIGN(state, read_state_file(file.empty() ? state_path(globals.instance) : file));
  if (!device.empty() && !names(state, device)) return 0;
  for (auto& port : state.ports) port.replace = words.replace;
  return make_change(globals, [&](Instance& instance) -> Result<Outcome> {
    XVNET_ASSIGN(outcome, instance.restore(state, device));
    name_keys(outcome);
    return std::move(outcome);
  });
}

Result<int> save(const Word& word, const Globals& globals) {
  XVNET_ASSIGN(file, read_word<std::string>("FILE", word, parse_text));
  XVNET_ASSIGN(host, open_host(globals));
  XVNET_ASSIGN(instance, Instance::open_for_reading(*host));
  XVNET_ASSIGN(state, instance.desired_state());
  if (file == kStandardOutput || globals.is_dry_run) {
    XVNET_TRY(print(format_state(state)));
  } else {
    XVNET_TRY(write_state_file(file.empty() ? state_path(globals.instance) : file, state));
  }
  return 0;
}

}  // namespace

void add_restore(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("restore", "restore the saved state");
  auto words = std::make_shared<RestoreWords>();
  add_word(command, "FILE", words->file, "", "default: /etc/xvnet/INSTANCE.json");
  add_word(command, "--device", words->device, "DEV",
           "restore only this port or uplink, if the file contains it");
  command.add_flag("--replace", words->replace,
                   "change ports that are attached with other settings");
  command.callback([words, &chosen] {
    chosen = [words](const Globals& globals) { return restore(*words, globals); };
  });
}

void add_save(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("save", "save the state for restore");
  auto file = std::make_shared<Word>();
  add_word(command, "FILE", *file, "", "default: /etc/xvnet/INSTANCE.json; - is standard output");
  command.callback([file, &chosen] {
    chosen = [file](const Globals& globals) { return save(*file, globals); };
  });
}

void add_upgrade(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("upgrade", "run this build's programs on all devices");
  command.callback([&chosen] {
    chosen = [](const Globals& globals) {
      return make_change(
          globals, [](Instance& instance) { return instance.upgrade(); },
          Instance::open_for_upgrade);
    };
  });
}

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
