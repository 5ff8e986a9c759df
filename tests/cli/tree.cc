// SPDX-License-Identifier: BSD-2-Clause
#include "tree.h"

namespace xvnet::test {

namespace {

std::vector<const CLI::App*> children(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App*) { return true; });
}

}  // namespace

void Tree::walk(const CLI::App& command, const std::string& path, const Visit& visit) {
  visit(command, path);
  for (const auto* child : children(command))
    walk(*child, path + (path.empty() ? "" : " ") + child->get_name(), visit);
}

std::set<std::string> commands_of(const CLI::App& command) {
  std::set<std::string> names;
  for (const auto* child : children(command)) names.insert(child->get_name());
  return names;
}

std::set<std::string> options_of(const CLI::App& command) {
  std::set<std::string> names;
  for (const auto* option : command.get_options())
    for (const auto& name : option->get_lnames()) names.insert("--" + name);
  return names;
}

}  // namespace xvnet::test
