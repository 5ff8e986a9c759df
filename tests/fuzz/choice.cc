// SPDX-License-Identifier: BSD-2-Clause
#include "cli/parse.h"
#include "loader/base/text.h"
#include "target.h"

using namespace xvnet;
using xvnet::test::require;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view word = test::text_of_input(data, size);
  const auto mode = cli::parse_mode(word);
  if (mode) require(word == format_mode(*mode), "a mode is accepted as it is printed");
  if (!mode) require(!mode.error().empty(), "a refusal says why");

  const auto on = cli::parse_switch(word);
  if (on) require(word == (*on ? "on" : "off"), "a switch is on or off");
  if (!on) require(!on.error().empty(), "a refusal says why");
  return 0;
}
