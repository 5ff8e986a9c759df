// SPDX-License-Identifier: BSD-2-Clause
//
// The parser of the whole command line: every command, option and argument of xvnet. The
// completions are written from it, too, and the manual pages are checked against it.
#pragma once

#include "cli/command.h"
#include "cli/words.h"

namespace xvnet::cli {

// The words of the options that may precede or follow any command.
struct GlobalWords {
  Word instance;
  bool json = false;
  bool brief = false;
  bool dry_run = false;
  bool verbose_verifier = false;
};

// Parsing sets `words` to the global options, and `chosen` to the function of the command. Both
// must outlive the parser.
void declare(CLI::App& app, GlobalWords& words, Run& chosen);

}  // namespace xvnet::cli
