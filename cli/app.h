// SPDX-License-Identifier: BSD-2-Clause
//
// The parser of the whole command line: every command, option and argument of xvnet. The
// completions are written from it, too, and the manual pages are checked against it.
#pragma once

#include "cli/command.h"

namespace xvnet::cli {

// The words of the global options, as typed.
struct GlobalWords {
  std::optional<std::string> instance;
  bool json = false;
  bool brief = false;
  bool dry_run = false;
  bool verbose_verifier = false;
};

// Declares all options and commands. Parsing a command line then sets `words` and `chosen`. Both
// must outlive the App.
void declare(CLI::App& app, GlobalWords& words, Run& chosen);

// Each function declares one command. If the command line names it, `chosen` is set to its
// function.
void add_attach(CLI::App& app, Run& chosen);
void add_detach(CLI::App& app, Run& chosen);
void add_uplink(CLI::App& app, Run& chosen);
void add_network(CLI::App& app, Run& chosen);
void add_forward(CLI::App& app, Run& chosen);
void add_show(CLI::App& app, Run& chosen);
void add_stats(CLI::App& app, Run& chosen);
void add_doctor(CLI::App& app, Run& chosen);
void add_save(CLI::App& app, Run& chosen);
void add_restore(CLI::App& app, Run& chosen);
void add_upgrade(CLI::App& app, Run& chosen);
void add_down(CLI::App& app, Run& chosen);

}  // namespace xvnet::cli
