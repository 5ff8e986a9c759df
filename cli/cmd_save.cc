// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"
#include "cli/parse_name.h"
#include "cli/state_file.h"
#include "cli/words.h"

namespace xvnet::cli {

namespace {

constexpr const char* kStandardOutput = "-";

Result<int> save(const Word& word, const Globals& globals) {
  Reader reader("save", word.value_or(""));
  std::string typed;
  reader.read_word(typed, word, parse_file_name);
  XVNET_ASSIGN(file, reader.answer(typed));
  XVNET_ASSIGN(host, open_host(globals));
  XVNET_ASSIGN(instance, Instance::open_for_reading(*host));
  XVNET_ASSIGN(state, instance.desired_state());
  if (file == kStandardOutput || globals.rehearse == Rehearse::kYes) {
    XVNET_TRY(print(format_state(state)));
  } else {
    XVNET_TRY(write_state_file(file.empty() ? state_path(globals.instance) : file, state));
  }
  return 0;
}

}  // namespace

void add_save(CLI::App& app, Run& chosen) {
  auto& command = *app.add_subcommand("save", "write down what there is, for restore");
  auto file = std::make_shared<Word>();
  add_word(command, "FILE", *file, "", "default /etc/xvnet/INSTANCE.json; - for standard output");
  command.callback([file, &chosen] {
    chosen = [file](const Globals& globals) { return save(*file, globals); };
  });
}

}  // namespace xvnet::cli
