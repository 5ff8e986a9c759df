// SPDX-License-Identifier: BSD-2-Clause
#include "cli/hints.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/command.h"
#include "cli/fields.h"
#include "loader/commands.h"

namespace xvnet::cli {
namespace {

constexpr std::string_view kProgram = "xvnet ";
constexpr std::array<std::string_view, 12> kCommands = {"attach",  "detach",  "uplink",  "network",
                                                        "forward", "show",    "stats",   "doctor",
                                                        "save",    "restore", "upgrade", "down"};

// Whether the text after "xvnet " is a command. Otherwise it is a sentence about xvnet.
bool begins_with_command(std::string_view text) {
  return std::ranges::any_of(kCommands, [text](std::string_view command) {
    const std::size_t end = command.size();
    return text.starts_with(command) &&
           (text.size() == end || std::string_view(" `;,\n").contains(text[end]));
  });
}

}  // namespace

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

}  // namespace xvnet::cli
