// SPDX-License-Identifier: BSD-2-Clause
#include "cli/text.h"

#include <algorithm>

#include "target.h"

using namespace xvnet;
using xvnet::test::require;

namespace {

// A terminal interprets C0, DEL, and C1. C1 may appear as UTF-8 (0xc2 0x80 to 0x9f) or as a single
// byte.
bool is_safe(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; }) &&
         cli::printable(text) == text;
}

std::string without_line_ends(std::string text) {
  std::erase(text, '\n');
  return text;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = test::text_of_input(data, size);
  const std::string shown = cli::printable(text);
  require(is_safe(shown), "printable text is safe on a terminal");
  require(cli::width(shown) <= shown.size(), "a character has at least one byte");

  const std::string lines = cli::printable_lines(text);
  require(is_safe(without_line_ends(lines)), "printable lines are safe on a terminal");
  require(std::ranges::count(lines, '\n') == std::ranges::count(text, '\n'), "line ends stay");

  const std::string quoted = cli::quote(text);
  require(quoted.size() >= 2 && quoted.front() == '"' && quoted.back() == '"',
          "a quoted value is in quotes");
  require(is_safe(quoted), "a quoted value is safe on a terminal");
  return 0;
}
