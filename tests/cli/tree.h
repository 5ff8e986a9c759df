// SPDX-License-Identifier: BSD-2-Clause
//
// The commands and options that the parser of the command line has.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "cli/app.h"

namespace xvnet::test {

class Tree {
 public:
  Tree() { cli::declare(app_, words_, chosen_); }

  // Calls `visit` for xvnet itself, whose path is empty, and for each command, such as "network
  // add".
  using Visit = std::function<void(const CLI::App& command, const std::string& path)>;
  void walk(const Visit& visit) const { walk(app_, "", visit); }

  const CLI::App& root() const { return app_; }

 private:
  static void walk(const CLI::App& command, const std::string& path, const Visit& visit);

  CLI::App app_;
  cli::GlobalWords words_;
  cli::Run chosen_;
};

// The words of its own commands: "add", "set", "del".
std::set<std::string> commands_of(const CLI::App& command);

// The long names of its own options: "--vlan".
std::set<std::string> options_of(const CLI::App& command);

}  // namespace xvnet::test
