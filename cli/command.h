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

enum class Rehearse { kNo, kYes };

// The options that may precede or follow any command.
struct Globals {
  std::string instance = "xvnet";
  Style style;
  Rehearse rehearse = Rehearse::kNo;
  bool verbose_verifier = false;
};

// Runs a command. The result is its exit code.
using Run = std::function<Result<int>(const Globals&)>;

Result<std::unique_ptr<Kernel>> open_kernel(const Globals& globals);

// Makes a change and prints its warnings. With --dry-run, prints the steps instead.
using Open = Result<Instance> (*)(Kernel&);
Result<int> make_change(const Globals& globals,
                        const std::function<Result<Outcome>(Instance&)>& change,
                        Open open = Instance::open_for_change);

// Opens the instance for reading and prints what `view` returns.
Result<int> look(const Globals& globals, const std::function<Result<std::string>(Instance&)>& view);

// Writes to stdout. Fails if the output is full or closed.
Result<void> print(const std::string& text);

// Words a message of the loader for the operator: the loader knows neither the options nor how its
// instance was named. Names fields by their options. Inserts --instance after "xvnet" in each
// command in the message, such as "xvnet attach tap0", unless `instance` is the default. So the
// operator can type a command as it is printed.
std::string for_operator(const std::string& message, const std::string& instance);

// Print on stderr, with control characters escaped, in the operator's words.
void print_error(const Error& error, const std::string& instance);
void print_warning(const std::string& warning, const std::string& instance);

}  // namespace xvnet::cli
