// SPDX-License-Identifier: BSD-2-Clause
//
// Reads the template of a completion script and writes the script: the rows of every command,
// option and argument take the place of @ROWS@. A row is
//
//   PATH|WORD|VALUES|HELP
//
// PATH is the command, such as "network add"; for the options of every command it is empty. WORD is
// a command that follows, an option, or the name of an argument. VALUES are what an option or an
// argument can be: words to type as they are, and in capitals a kind of object, which the template
// looks up. A command and an option without a value have none.
#include <fmt/format.h>

#include <array>
#include <iostream>
#include <iterator>
#include <string>

#include "cli/app.h"

namespace {

// The kind of object, where the name that the help shows for it stands for several kinds.
struct Kind {
  std::string_view shown;  // the end of "COMMAND OPTION SHOWN" or "COMMAND ARGUMENT"
  std::string_view kind;
};
constexpr std::array kKinds = {
    Kind{"detach DEV", "PORT"},          Kind{"stats DEV", "PORT UPLINK"},
    Kind{"uplink del IFACE", "UPLINK"},  Kind{"--uplink IFACE", "UPLINK"},
    Kind{"network set NAME", "NETWORK"}, Kind{"network del NAME", "NETWORK"},
    Kind{"--network NAME", "NETWORK"},   Kind{"--boot-file FILE", "NAME"},
};

std::string kind_of(const std::string& context, const std::string& shown) {
  for (const auto& each : kKinds)
    if ((context + " " + shown).ends_with(each.shown)) return std::string(each.kind);
  return shown;
}

std::string values_of(const std::string& path, const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";
  const auto type = option.get_type_name();
  if (type.empty()) return kind_of(path, option.get_name());
  std::string values;
  for (const auto& word : CLI::detail::split(type, '|'))
    values += (values.empty() ? "" : " ") + kind_of(path + " " + option.get_name(), word);
  return values;
}

void add_rows(std::string& rows, const CLI::App& app, const std::string& path) {
  const auto add = [&](const std::string& word, const std::string& values,
                       const std::string& help) {
    rows += fmt::format("{}|{}|{}|{}\n", path, word, values, help);
  };
  const bool is_root = app.get_parent() == nullptr;
  for (const auto* option : app.get_options()) {
    if (!is_root && option == app.get_help_ptr()) continue;  // the root's
    for (const auto& word : CLI::detail::split(option->get_name(false, true), ','))
      add(word, values_of(path, *option), option->get_description());
  }
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    add(command->get_name(), "", command->get_description());
    add_rows(rows, *command, path + (is_root ? "" : " ") + command->get_name());
  }
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

int main() {
  CLI::App app;
  xvnet::cli::GlobalWords words;
  xvnet::cli::Run chosen;
  declare(app, words, chosen);
  std::string rows;
  add_rows(rows, app, "");
  replace_all(rows, "'", R"('\'')");  // the templates quote them

  std::string script{std::istreambuf_iterator<char>(std::cin), {}};
  replace_all(script, "@ROWS@", rows);
  std::cout << script << std::flush;
  return std::cout ? 0 : 1;
}
