// SPDX-License-Identifier: BSD-2-Clause
//
// What the commands share: each declares its words to the parser and provides the function that
// runs it.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>     // defines App's default configuration
#include <CLI/Formatter.hpp>  // and its formatter
#include <functional>
#include <memory>
#include <string>

#include "cli/output.h"
#include "loader/instance.h"

namespace xvnet::cli {

enum class Rehearse { kNo, kYes };

// The options that may precede or follow any command.
struct Globals {
  std::string instance = "xvnet";
  Format format = Format::kText;
  Detail detail = Detail::kFull;
  Rehearse rehearse = Rehearse::kNo;
  bool verbose_verifier = false;
};

// Runs a command. The result is its exit code.
using Run = std::function<Result<int>(const Globals&)>;

// Each function declares one command. If the command line names it, `chosen` is set to its
// function.
void add_uplink(CLI::App& app, Run& chosen);
void add_attach(CLI::App& app, Run& chosen);
void add_detach(CLI::App& app, Run& chosen);
void add_network(CLI::App& app, Run& chosen);
void add_forward(CLI::App& app, Run& chosen);
void add_show(CLI::App& app, Run& chosen);
void add_stats(CLI::App& app, Run& chosen);
void add_doctor(CLI::App& app, Run& chosen);
void add_down(CLI::App& app, Run& chosen);
void add_upgrade(CLI::App& app, Run& chosen);
void add_save(CLI::App& app, Run& chosen);
void add_restore(CLI::App& app, Run& chosen);

Result<std::unique_ptr<Host>> open_host(const Globals& globals);

// Makes a change and prints its warnings. With --dry-run, prints the steps instead.
using Open = Result<Instance> (*)(Host&);
Result<int> make_change(const Globals& globals,
                        const std::function<Result<Outcome>(Instance&)>& change,
                        Open open = Instance::open_for_change);

// Opens the instance for reading and prints what `view` returns.
Result<int> look(const Globals& globals, const std::function<Result<std::string>(Instance&)>& view);

// Writes to stdout. Fails if the output is full or closed.
Result<void> print(const std::string& text);

// Print on stderr, with control characters escaped. Commands in the text get the --instance option.
void print_error(const Error& error, const std::string& instance);
void print_warning(const std::string& warning, const std::string& instance);

}  // namespace xvnet::cli
