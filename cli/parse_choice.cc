// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse_choice.h"

#include <fmt/format.h>

#include "cli/text.h"

namespace xvnet::cli {

Parsed<Mode> parse_mode(std::string_view word) {
  if (word == "auto") return Mode::kAuto;
  if (word == "xdp") return Mode::kXdp;
  if (word == "tc") return Mode::kTc;
  return std::unexpected(fmt::format("mode {} is not auto, xdp or tc", quote(word)));
}

Parsed<bool> parse_switch(std::string_view word, std::string_view what) {
  if (word == "on") return true;
  if (word == "off") return false;
  return std::unexpected(fmt::format("{} {} is not on or off", what, quote(word)));
}

}  // namespace xvnet::cli
