// SPDX-License-Identifier: BSD-2-Clause
#include "cli/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "cli/app.h"
#include "cli/fields.h"
#include "cli/text.h"
#include "loader/commands.h"
#include "loader/linux/linux_kernel.h"
#include "loader/rehearsal.h"

namespace xvnet::cli {

namespace {

constexpr std::string_view kProgram = "xvnet ";

// Whether the text after "xvnet " is a command. Otherwise it is a sentence about xvnet.
bool begins_with_command(std::string_view text) {
  static const auto commands = command_names();
  return std::ranges::any_of(commands, [text](const std::string& command) {
    const std::size_t end = command.size();
    return text.starts_with(command) &&
           (text.size() == end || std::string_view(" `;,\n").contains(text[end]));
  });
}

}  // namespace

Result<std::unique_ptr<Kernel>> open_kernel(const Globals& globals) {
  return make_linux_kernel(
      {.instance = globals.instance, .verbose_verifier = globals.verbose_verifier});
}

Result<int> make_change(const Globals& globals,
                        const std::function<Result<Outcome>(Instance&)>& change, Open open) {
  XVNET_ASSIGN(kernel, open_kernel(globals));
  Rehearsal rehearsal(*kernel);
  const bool is_rehearsal = globals.rehearse == Rehearse::kYes;
  XVNET_ASSIGN(instance, open(is_rehearsal ? rehearsal : *kernel));
  XVNET_ASSIGN(outcome, change(instance));

  for (const auto& warning : outcome.warnings) print_warning(warning, globals.instance);
  if (!is_rehearsal && !outcome.created_tap.empty())
    fmt::print(stderr, "xvnet: created TAP {}\n", printable_lines(outcome.created_tap));
  if (is_rehearsal) {
    XVNET_TRY(print(render_steps(rehearsal.steps(), globals.style)));
  }
  for (const auto& failure : outcome.failures) print_error(failure, globals.instance);
  return outcome.failures.empty() ? 0 : static_cast<int>(ErrorKind::kFailed);
}

Result<int> look(const Globals& globals,
                 const std::function<Result<std::string>(Instance&)>& view) {
  XVNET_ASSIGN(kernel, open_kernel(globals));
  XVNET_ASSIGN(instance, Instance::open_for_reading(*kernel));
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
  std::string text = with_fields(message, option_name);
  if (instance == Globals{}.instance) return text;
  const std::string option = fmt::format("--instance {} ", quoted_for_shell(instance));
  for (auto at = text.find(kProgram); at != std::string::npos; at = text.find(kProgram, at)) {
    at += kProgram.size();
    if (begins_with_command(std::string_view(text).substr(at))) text.insert(at, option);
  }
  return text;
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
