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

#include "cli/render.h"
#include "loader/instance.h"

namespace xvnet::cli {

// The options that may precede or follow any command.
struct Globals {
  std::string instance = "xvnet";
  Style style;
  bool is_dry_run = false;
  bool verbose_verifier = false;
};

// Runs a command. The result is its exit code.
using Run = std::function<Result<int>(const Globals&)>;

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

// Replaces the marks of a message (loader/base/result.h) by what the operator types: fields by
// their options, «restore» by "xvnet restore", with --instance unless `instance` is the default.
std::string for_operator(const std::string& message, const std::string& instance);

// Print on stderr, with control characters escaped, in the operator's words.
void print_error(const Error& error, const std::string& instance);
void print_warning(const std::string& warning, const std::string& instance);

}  // namespace xvnet::cli
