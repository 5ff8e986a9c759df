// SPDX-License-Identifier: BSD-2-Clause
#include "cli/hints.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "cli/command.h"
#include "loader/commands.h"

namespace xvnet::cli {
namespace {

// The text between two marks, and what is left after the second one.
struct Marked {
  std::string_view text;
  std::string_view rest;
};

constexpr std::string_view kFieldBegin = "‹";
constexpr std::string_view kFieldEnd = "›";
constexpr std::string_view kCommandBegin = "«";
constexpr std::string_view kCommandEnd = "»";

std::optional<Marked> marked(std::string_view text, std::string_view begin, std::string_view end) {
  if (!text.starts_with(begin)) return std::nullopt;
  text.remove_prefix(begin.size());
  const auto at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  return Marked{text.substr(0, at), text.substr(at + end.size())};
}

std::string flag_of(std::string_view field) {
  // These options may be repeated, so they are in the singular.
  if (field == "host_addresses") return "--host-address";
  if (field == "snat_exceptions") return "--snat-except";
  std::string flag = "--" + std::string(field);
  std::ranges::replace(flag, '_', '-');
  return flag;
}

}  // namespace

std::string in_words_of_cli(std::string_view message, const std::string& instance) {
  const std::string program = instance == Globals{}.instance
                                  ? "xvnet "
                                  : fmt::format("xvnet --instance {} ", quoted_for_shell(instance));
  std::string text;
  while (!message.empty()) {
    if (const auto field = marked(message, kFieldBegin, kFieldEnd)) {
      text += flag_of(field->text);
      message = field->rest;
    } else if (const auto command = marked(message, kCommandBegin, kCommandEnd)) {
      text += program + std::string(command->text);
      message = command->rest;
    } else {
      text += message.front();
      message.remove_prefix(1);
    }
  }
  return text;
}

}  // namespace xvnet::cli
