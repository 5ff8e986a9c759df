// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/ranges.h>

#include <cstdio>
#include <exception>

#include "cli/app.h"
#include "cli/text.h"
#include "loader/linux/pin_root.h"

namespace xvnet::cli {

namespace {

Result<Globals> to_globals(const GlobalWords& words) {
  Globals globals;
  globals.instance = words.instance.value_or(globals.instance);
  if (!is_instance_name(globals.instance))
    return fail(ErrorKind::kUsage,
                fmt::format("--instance {} is not 1 to {} letters, digits, '_' or '-'",
                            quote(globals.instance), kMaxInstanceName));
  globals.style = {.format = words.json ? Format::kJson : Format::kText,
                   .detail = words.brief ? Detail::kBrief : Detail::kFull};
  globals.is_dry_run = words.dry_run;
  globals.verbose_verifier = words.verbose_verifier;
  return globals;
}

// Returns the command as far as it was recognized, such as "uplink add"; or an empty string.
std::string command_path(const CLI::App& app) {
  std::string path;
  for (const auto* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    path += (path.empty() ? "" : " ") + at->get_name();
  }
  return path;
}

const CLI::App& deepest(const CLI::App& app) {
  const auto* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

// Lists the subcommands of a command: "add, set, del".
std::string commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return fmt::format("{}", fmt::join(names, ", "));
}

// CLI11's messages for a wrong number of values give counts instead of an explanation.
std::string describe_count(const std::string& message) {
  const auto option = message.substr(0, message.find(':'));
  if (message.ends_with("missing")) return option + " needs a value";
  return option + " is given more than once";
}

std::string describe_unknown(const CLI::App& command, const std::string& word) {
  const bool wants_command = command.get_require_subcommand_min() > 0;
  const char* what = word.starts_with('-') ? "option" : wants_command ? "command" : "argument";
  return fmt::format("unknown {} {}", what, quote(word));
}

// CLI11 reports missing words before unknown ones, although an unknown word is usually the cause.
std::string describe(const CLI::App& app, const CLI::ParseError& error) {
  const auto& command = deepest(app);
  const auto unknown = app.remaining(true);
  std::string complaint = error.what();
  if (!unknown.empty()) {
    complaint = describe_unknown(command, unknown.front());
  } else if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    complaint = describe_count(complaint);
  } else if (command.get_require_subcommand_min() > 0) {
    complaint = fmt::format("no command given: {}", commands_of(command));
  }
  const auto path = command_path(app);
  return path.empty() ? complaint : fmt::format("{}: {}", path, complaint);
}

int report(const CLI::App& app, const Error& error, const Globals& globals = {}) {
  print_error(error, globals.instance);
  if (error.kind == ErrorKind::kUsage) {
    const auto path = command_path(app);
    fmt::print(stderr, "try `xvnet {}{}--help`\n", path, path.empty() ? "" : " ");
  }
  return static_cast<int>(error.kind);
}

int run(int argc, char** argv) {
  CLI::App app("The virtual network of a VM host, in eBPF", "xvnet");
  GlobalWords words;
  Run chosen;
  declare(app, words, chosen);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked_for_text) {
    return app.exit(asked_for_text);
  } catch (const CLI::ParseError& error) {
    return report(app, {ErrorKind::kUsage, describe(app, error), {}});
  }

  const auto globals = to_globals(words);
  if (!globals) return report(app, globals.error());
  const auto exit_code = chosen(*globals);
  return exit_code ? *exit_code : report(app, exit_code.error(), *globals);
}

}  // namespace

}  // namespace xvnet::cli

// Some errors of libraries are only exceptions, such as lack of memory.
int main(int argc, char** argv) {
  try {
    return xvnet::cli::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "xvnet: %s\n", error.what());
    return static_cast<int>(xvnet::ErrorKind::kFailed);
  }
}
