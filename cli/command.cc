// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

#include "cli/fields.h"
#include "cli/text.h"
#include "loader/commands/dry_run.h"
#include "loader/linux/linux_host.h"
#include "loader/model/command_line.h"

namespace xvnet::cli {

Result<std::unique_ptr<Host>> open_host(const Globals& globals) {
  return make_linux_host(
      {.instance = globals.instance, .verbose_verifier = globals.verbose_verifier});
}

Result<int> make_change(const Globals& globals,
                        const std::function<Result<Outcome>(Instance&)>& change, Open open) {
  XVNET_ASSIGN(host, open_host(globals));
  DryRun dry_run(*host);
  XVNET_ASSIGN(instance, open(globals.is_dry_run ? dry_run : *host));
  XVNET_ASSIGN(outcome, change(instance));

  for (const auto& warning : outcome.warnings) print_warning(warning, globals.instance);
  if (!globals.is_dry_run && !outcome.created_tap.empty())
    fmt::print(stderr, "xvnet: created TAP {}\n", printable_lines(outcome.created_tap));
  if (globals.is_dry_run) {
    XVNET_TRY(print(render_steps(dry_run.steps(), globals.style)));
  }
  for (const auto& failure : outcome.failures) print_error(failure, globals.instance);
  return outcome.failures.empty() ? 0 : static_cast<int>(ErrorKind::kFailed);
}

Result<int> look(const Globals& globals,
                 const std::function<Result<std::string>(Instance&)>& view) {
  XVNET_ASSIGN(host, open_host(globals));
  XVNET_ASSIGN(instance, Instance::open_for_reading(*host));
  XVNET_ASSIGN(text, view(instance));
  XVNET_TRY(print(text));
  return 0;
}

Result<void> print(const std::string& text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return {};
  }
  return fail_errno(errno, "write to standard output");
}

std::string for_operator(const std::string& message, const std::string& instance) {
  const std::string program =
      instance == Globals{}.instance ? "xvnet" : "xvnet --instance " + quoted_for_shell(instance);
  return replace_marks(with_options(message), "«", "»", [&](std::string_view command) {
    return fmt::format("{} {}", program, command);
  });
}

void print_error(const Error& error, const std::string& instance) {
  fmt::print(stderr, "xvnet: {}\n", printable_lines(for_operator(error.message, instance)));
  if (!error.hint.empty())
    fmt::print(stderr, "hint: {}\n", printable_lines(for_operator(error.hint, instance)));
}

void print_warning(const std::string& warning, const std::string& instance) {
  fmt::print(stderr, "xvnet: warning: {}\n", printable_lines(for_operator(warning, instance)));
}

}  // namespace xvnet::cli
